#include "twin/drift/prepared_feature.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/stats/moments.h"
#include "twin/drift/autocorrelation.h"
#include "twin/drift/null_model.h"

namespace airlock {
namespace {

using nlohmann::json;

// At most kMostReference values: the whole, or the middles of as many parts of
// equal share.
std::vector<double> Thinned(std::vector<double> values) {
  if (values.size() <= kMostReference) return values;
  std::sort(values.begin(), values.end());
  std::vector<double> kept;
  for (size_t k = 0; k < kMostReference; ++k) {
    kept.push_back(values[(2 * k + 1) * values.size() / (2 * kMostReference)]);
  }
  return kept;
}

bool WithinUnit(const std::vector<double>& series) {
  return std::all_of(series.begin(), series.end(), [](double value) {
    return std::isnan(value) || (value >= 0 && value <= 1);
  });
}

bool IsBinary(const std::vector<double>& series) {
  return std::all_of(series.begin(), series.end(), [](double value) {
    return std::isnan(value) || value == 0 || value == 1;
  });
}

bool IsConstant(const std::vector<double>& series) {
  const std::vector<double> known = DropMissing(series);
  return !known.empty() &&
         std::all_of(known.begin(), known.end(),
                     [&](double value) { return value == known[0]; });
}

bool TakesValues(const std::vector<double>& series, const StatisticEntry& entry,
                 const DriftOptions& options) {
  if (options.classic || options.conditioning == Conditioning::kNone)
    return true;
  if (entry.stream == StreamKind::kBinary) return true;
  return entry.stream == StreamKind::kUnitInterval && WithinUnit(series);
}

void CheckKind(const std::string& name, const std::vector<double>& series,
               const StatisticEntry& entry, bool as_values) {
  if (entry.stream == StreamKind::kBinary && !IsBinary(series)) {
    throw InputError(fmt::format(
        "drift: {} watches errors, 0 or 1; feature '{}' has other values",
        entry.name, name));
  }
  if (entry.stream == StreamKind::kUnitInterval && as_values &&
      !WithinUnit(series)) {
    throw InputError(fmt::format(
        "drift: {} watches values within 0 and 1; feature '{}' has others",
        entry.name, name));
  }
}

double ReferenceNeeded(const Whitener* whitener,
                       const std::vector<double>& series) {
  if (whitener == nullptr) return 0;
  const double cycle = whitener->longest_cycle();
  return cycle > 0 ? 2 * cycle : 100 * AutocorrelationTime(series);
}

}  // namespace

PreparedFeature Prepare(const std::string& name,
                        const std::vector<double>& series,
                        const StatisticEntry& entry,
                        const DriftOptions& options) {
  std::vector<double> finite = series;
  for (double& value : finite) {
    if (!std::isfinite(value)) value = std::nan("");
  }
  const std::vector<double> known = DropMissing(finite);
  if (known.empty() && !series.empty()) {
    throw InputError(
        fmt::format("drift: feature '{}' has no value in the reference's {} "
                    "samples",
                    name, series.size()));
  }
  PreparedFeature feature;
  feature.name = name;
  const bool as_values = TakesValues(finite, entry, options);
  CheckKind(name, finite, entry, as_values);
  if (as_values || options.conditioning == Conditioning::kScores) {
    feature.base = finite;
    feature.independent = LooksIndependent(finite, 0);
    feature.description = "as it is";
  } else {
    Whitened whitened = Whiten(finite, options.seed);
    feature.whitener = std::move(whitened.whitener);
    feature.base = std::move(whitened.innovations);
    feature.independent = whitened.independent;
    feature.description = std::move(whitened.description);
    feature.reference_needed = ReferenceNeeded(feature.whitener.get(), finite);
  }
  feature.continuous = IsContinuous(feature.base);
  feature.constant = IsConstant(feature.base);
  feature.bounded = as_values && entry.stream != StreamKind::kReal;
  feature.feed = as_values                                   ? Feed::kValue
                 : entry.stream == StreamKind::kUnitInterval ? Feed::kRank
                                                             : Feed::kScore;
  if (feature.constant) {
    feature.description = "constant: any lasting change counts";
  } else if (!feature.independent && !series.empty()) {
    feature.description += ", dependence left";
  }
  return feature;
}

std::vector<double> PreparedFeature::Possible() const {
  std::vector<double> possible = base;
  if (!constant) return possible;
  std::vector<size_t> known;
  for (size_t t = 0; t < base.size(); ++t) {
    if (!std::isnan(base[t])) known.push_back(t);
  }
  const double value = base[known[0]];
  const double step = 1e-9 * std::max(1.0, std::abs(value));
  const size_t low = known[known.size() / 4];
  const size_t high = known[3 * known.size() / 4];
  if (bounded) {
    possible[high] = value < 0.5 ? 1 : 0;
  } else {
    possible[low] = value - step;
    possible[high] = value + step;
  }
  return possible;
}

StatisticChannel::StatisticChannel(std::vector<double> base, Feed feed,
                                   const StatisticEntry& entry,
                                   const StatisticParameters& parameters,
                                   RankKnots* knots)
    : feed_(feed) {
  if (feed != Feed::kValue) {
    RankKnots own;
    if (knots == nullptr) knots = &own;
    if (knots->values != base.size()) *knots = RankKnots(base.size());
    ranks_ = RankScores(base, *knots);
  }
  reference_ =
      feed == Feed::kValue ? std::move(base) : Thinned(std::move(base));
  for (double& value : reference_) value = Fed(value);
  statistic_ = entry.make(reference_, parameters);
}

void StatisticChannel::Save(json* state) const {
  json ranks, statistic;
  if (feed_ != Feed::kValue) ranks_.Save(&ranks);
  statistic_->Save(&statistic);
  *state = {{"feed", static_cast<int>(feed_)},
            {"ranks", ranks},
            {"reference", reference_},
            {"statistic", statistic}};
}

StatisticChannel::StatisticChannel(const json& state,
                                   const StatisticEntry& entry,
                                   const StatisticParameters& parameters) {
  const int feed = state.at("feed").get<int>();
  if (feed < 0 || feed > static_cast<int>(Feed::kRank)) {
    throw InputError(fmt::format("drift state: no feed {}", feed));
  }
  feed_ = static_cast<Feed>(feed);
  if (feed_ != Feed::kValue) ranks_.Load(state.at("ranks"));
  reference_ = state.at("reference").get<std::vector<double>>();
  statistic_ = entry.make(reference_, parameters);
  statistic_->Load(state.at("statistic"));
}

}  // namespace airlock
