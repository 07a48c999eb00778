#include "twin/drift/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "sim/stats/moments.h"
#include "sim/stats/quantile.h"
#include "twin/drift/autocorrelation.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kInterquartileOfNormal = 1.349;
constexpr size_t kInnerBins = 18;
constexpr int64_t kFewestScores = 3;
constexpr double kLeastVariance = 0.1;

// Edges of bins of equal width between the 1 % and the 99 % quantile; a single
// one where these are equal, every other value where there are few.
std::vector<double> EdgesOf(const std::vector<double>& sorted) {
  const double low = QuantileOfSorted(sorted, 0.01);
  const double high = QuantileOfSorted(sorted, 0.99);
  std::vector<double> edges;
  for (size_t i = 0; i <= kInnerBins; ++i) {
    const double edge = low + (high - low) * static_cast<double>(i) /
                                  static_cast<double>(kInnerBins);
    if (edges.empty() || edge > edges.back()) edges.push_back(edge);
  }
  return edges;
}

std::vector<int64_t> CountsOf(const std::vector<double>& edges,
                              const std::vector<double>& values) {
  std::vector<int64_t> counts(edges.size() + 1);
  for (const double value : values) {
    if (std::isnan(value)) continue;
    const auto edge = std::upper_bound(edges.begin(), edges.end(), value);
    ++counts[static_cast<size_t>(edge - edges.begin())];
  }
  return counts;
}

double Ratio(double numerator, double denominator) {
  return denominator == 0 ? std::numeric_limits<double>::quiet_NaN()
                          : numerator / denominator;
}

json LevelToJson(const Level& level) {
  return {{"values", level.values},
          {"mean", NumberOrNull(level.mean)},
          {"median", NumberOrNull(level.median)},
          {"spread", NumberOrNull(level.spread)}};
}

// "median 0.0012 -> 0.0021 s (+3.2 sd), spread 0.0001 -> 0.0004 s (x 4)"
std::string Change(const MovedFeature& moved) {
  const std::string unit = moved.unit == "1" ? "" : " " + moved.unit;
  std::string text = fmt::format("median {:.4g} -> {:.4g}{}",
                                 moved.before.median, moved.after.median, unit);
  if (std::isfinite(moved.shift)) {
    text += fmt::format(" ({:+.2f} sd)", moved.shift);
  }
  text += fmt::format(", spread {:.3g} -> {:.3g}{}", moved.before.spread,
                      moved.after.spread, unit);
  if (std::isfinite(moved.spread_ratio)) {
    text += fmt::format(" (x {:.2f})", moved.spread_ratio);
  }
  return text;
}

std::string Bins(const std::vector<int64_t>& counts) {
  std::string text;
  for (const int64_t count : counts) {
    text += fmt::format("{}{}", text.empty() ? "" : " ", count);
  }
  return text;
}

}  // namespace

Level LevelOf(std::vector<double> values) {
  values = DropMissing(values);
  std::sort(values.begin(), values.end());
  Level level;
  level.values = static_cast<int64_t>(values.size());
  if (values.empty()) return level;
  level.mean = Mean(values);
  level.median = QuantileOfSorted(values, 0.5);
  level.spread =
      (QuantileOfSorted(values, 0.75) - QuantileOfSorted(values, 0.25)) /
      kInterquartileOfNormal;
  return level;
}

int64_t SamplesSinceLikeliestChange(const std::vector<double>& scores) {
  const auto size = static_cast<int64_t>(scores.size());
  int64_t best = size;
  double most = -std::numeric_limits<double>::infinity();
  int64_t known = 0;
  double sum = 0;
  double squares = 0;
  for (int64_t back = 1; back <= size; ++back) {
    const double z = scores[static_cast<size_t>(size - back)];
    if (std::isnan(z)) continue;
    ++known;
    sum += z;
    squares += z * z;
    if (known < kFewestScores) continue;
    const double n = static_cast<double>(known);
    const double about_mean = std::max(0.0, squares - sum * sum / n);
    const double variance = std::max(about_mean / n, kLeastVariance);
    const double ratio =
        (squares - n * std::log(variance) - about_mean / variance) / 2;
    if (ratio > most) {
      most = ratio;
      best = back;
    }
  }
  return best;
}

std::string DriftExplanation::ToText() const {
  std::string text;
  for (const MovedFeature& each : moved) {
    if (each.finding.missing) {
      text += fmt::format("  {} went missing, since {:.3f} s (sample {})\n",
                          each.name, each.since_seconds, each.since_sample);
      continue;
    }
    text += fmt::format("  {} since {:.3f} s (sample {}, {} samples): {}\n",
                        each.name, each.since_seconds, each.since_sample,
                        each.samples, Change(each));
    if (each.outside_share > 0) {
      text += fmt::format("    {:.0f} % beyond all of the reference\n",
                          100 * each.outside_share);
    }
    text +=
        fmt::format("    bins from {:.4g} to {:.4g}: reference {}\n",
                    each.histogram.edges.front(), each.histogram.edges.back(),
                    Bins(each.histogram.reference));
    text +=
        fmt::format("    since the change: {}\n", Bins(each.histogram.current));
  }
  if (moved.size() > 1) {
    text += fmt::format("  {} moved first\n", moved_first);
  }
  return text + fmt::format("  {}: {}\n", ToString(recommendation.advice),
                            recommendation.reason);
}

json DriftExplanation::ToJson() const {
  json features = json::array();
  for (const MovedFeature& each : moved) {
    features.push_back(
        {{"feature", each.name},
         {"unit", each.unit},
         {"missing", each.finding.missing},
         {"evidence", NumberOrNull(each.finding.evidence)},
         {"threshold", NumberOrNull(each.finding.threshold)},
         {"run_length", NumberOrNull(each.finding.run_length)},
         {"adjusted_p_value", NumberOrNull(each.finding.adjusted_p_value)},
         {"response_to_load", each.response},
         {"since_sample", each.since_sample},
         {"since_seconds", each.since_seconds},
         {"since_by", each.likelihood ? "likelihood" : "statistic"},
         {"samples", each.samples},
         {"before", LevelToJson(each.before)},
         {"after", LevelToJson(each.after)},
         {"shift_in_reference_sd", NumberOrNull(each.shift)},
         {"spread_ratio", NumberOrNull(each.spread_ratio)},
         {"outside_share", NumberOrNull(each.outside_share)},
         {"histogram",
          {{"edges", each.histogram.edges},
           {"reference", each.histogram.reference},
           {"current", each.histogram.current}}}});
  }
  return {{"moved", features},
          {"moved_first", moved_first},
          {"since_sample", since_sample},
          {"since_seconds", since_seconds},
          {"labels", circumstances.labels},
          {"recommendation", ToString(recommendation.advice)},
          {"reason", recommendation.reason}};
}

Explainer::Explainer(const DriftReference& reference,
                     std::vector<std::string> units,
                     std::vector<bool> response) {
  const size_t count = reference.features.size();
  AIRLOCK_CHECK(units.size() == count && response.size() == count);
  for (size_t j = 0; j < count; ++j) {
    std::vector<double> values;
    for (size_t i = j; i < reference.values.size(); i += count) {
      if (std::isfinite(reference.values[i])) {
        values.push_back(reference.values[i]);
      }
    }
    if (values.empty()) {
      throw InputError(fmt::format("drift: feature '{}' has no values",
                                   reference.features[j]));
    }
    Feature feature;
    feature.name = reference.features[j];
    feature.unit = units[j];
    feature.response = response[j];
    feature.deviation = values.size() < 2 ? 0 : StandardDeviation(values);
    feature.ranks = RankScores(values);
    feature.level = LevelOf(values);
    feature.memory = AutocorrelationTime(values);
    std::sort(values.begin(), values.end());
    feature.least = values.front();
    feature.most = values.back();
    feature.edges = EdgesOf(values);
    feature.counts = CountsOf(feature.edges, values);
    features_.push_back(std::move(feature));
  }
}

int64_t Explainer::capacity() const {
  return std::clamp<int64_t>(40000 / std::max<int64_t>(features(), 1), 100,
                             1000);
}

void Explainer::Add(int64_t sample, double seconds, const double* row) {
  if (static_cast<int64_t>(recent_.size()) == capacity()) recent_.pop_front();
  recent_.push_back({sample, seconds, {row, row + features()}});
}

std::vector<double> Explainer::Newest(int64_t feature, int64_t rows) const {
  std::vector<double> values;
  const auto size = static_cast<int64_t>(recent_.size());
  for (int64_t i = std::max<int64_t>(0, size - rows); i < size; ++i) {
    values.push_back(
        recent_[static_cast<size_t>(i)].values[static_cast<size_t>(feature)]);
  }
  return DropMissing(values);
}

int64_t Explainer::SamplesSince(const FeatureFinding& finding,
                                bool* likelihood) const {
  const auto rows = static_cast<int64_t>(recent_.size());
  if (finding.missing) {
    *likelihood = true;
    return SamplesSinceLoss(finding.feature);
  }
  *likelihood = finding.samples_since_change < 0;
  if (!*likelihood) {
    return std::clamp<int64_t>(finding.samples_since_change, 1, rows);
  }
  const auto j = static_cast<size_t>(finding.feature);
  std::vector<double> scores;
  for (const Row& row : recent_) {
    const double value = row.values[j];
    scores.push_back(std::isfinite(value)
                         ? features_[j].ranks.Score(value)
                         : std::numeric_limits<double>::quiet_NaN());
  }
  return SamplesSinceLikeliestChange(scores);
}

int64_t Explainer::SamplesSinceLoss(int64_t feature) const {
  const auto j = static_cast<size_t>(feature);
  int64_t best = 1, most = 0, balance = 0, back = 0;
  for (auto row = recent_.rbegin(); row != recent_.rend(); ++row) {
    ++back;
    balance += std::isfinite(row->values[j]) ? -1 : 1;
    if (balance <= most) continue;
    most = balance;
    best = back;
  }
  return best;
}

MovedFeature Explainer::Moved(const FeatureFinding& finding) const {
  const auto j = static_cast<size_t>(finding.feature);
  const Feature& feature = features_[j];
  MovedFeature moved;
  moved.name = feature.name;
  moved.unit = feature.unit;
  moved.response = feature.response;
  moved.finding = finding;
  moved.samples = SamplesSince(finding, &moved.likelihood);
  const size_t begin = recent_.size() - static_cast<size_t>(moved.samples);
  moved.since_sample = recent_[begin].sample;
  moved.since_seconds = recent_[begin].seconds;
  std::vector<double> values;
  int64_t outside = 0;
  for (size_t i = begin; i < recent_.size(); ++i) {
    const double value = recent_[i].values[j];
    if (!std::isfinite(value)) continue;
    values.push_back(value);
    outside += value < feature.least || value > feature.most;
  }
  moved.before = feature.level;
  moved.after = LevelOf(values);
  moved.shift =
      Ratio(moved.after.median - moved.before.median, feature.deviation);
  moved.spread_ratio = Ratio(moved.after.spread, moved.before.spread);
  if (!values.empty()) {
    moved.outside_share =
        static_cast<double>(outside) / static_cast<double>(values.size());
  }
  moved.histogram = {feature.edges, feature.counts,
                     CountsOf(feature.edges, values)};
  return moved;
}

DriftExplanation Explainer::Explain(const DriftDetector& detector,
                                    DriftCircumstances known) const {
  AIRLOCK_CHECK(!recent_.empty() && detector.features() == features());
  DriftExplanation explanation;
  for (const FeatureFinding& finding : detector.Findings()) {
    if (!finding.moved) continue;
    explanation.moved.push_back(Moved(finding));
    const MovedFeature& moved = explanation.moved.back();
    if (finding.missing) {
      ++known.missing;
    } else {
      ++(moved.response ? known.response : known.inputs);
      known.outside_share = std::max(known.outside_share, moved.outside_share);
    }
  }
  explanation.since_sample = recent_.back().sample;
  explanation.since_seconds = recent_.back().seconds;
  if (!explanation.moved.empty()) {
    const MovedFeature& strongest = explanation.moved.front();
    explanation.since_sample = strongest.since_sample;
    explanation.since_seconds = strongest.since_seconds;
    explanation.moved_first =
        std::min_element(explanation.moved.begin(), explanation.moved.end(),
                         [](const MovedFeature& a, const MovedFeature& b) {
                           return a.since_sample < b.since_sample;
                         })
            ->name;
  }
  explanation.circumstances = known;
  explanation.recommendation = Recommend(known);
  return explanation;
}

void Explainer::Save(json* state) const {
  json features = json::array();
  for (const Feature& each : features_) {
    json ranks;
    each.ranks.Save(&ranks);
    features.push_back({{"name", each.name},
                        {"unit", each.unit},
                        {"response", each.response},
                        {"values", each.level.values},
                        {"mean", each.level.mean},
                        {"median", each.level.median},
                        {"spread", each.level.spread},
                        {"deviation", each.deviation},
                        {"least", each.least},
                        {"most", each.most},
                        {"memory", each.memory},
                        {"edges", each.edges},
                        {"counts", each.counts},
                        {"ranks", ranks}});
  }
  json rows = json::array();
  for (const Row& row : recent_) {
    json values = json::array();
    for (const double value : row.values) {
      values.push_back(NumberOrNull(value));
    }
    rows.push_back({row.sample, row.seconds, values});
  }
  *state = {{"features", features}, {"recent", rows}};
}

void Explainer::Load(const json& state) {
  features_.clear();
  recent_.clear();
  for (const json& each : state.at("features")) {
    Feature feature;
    feature.name = each.at("name").get<std::string>();
    feature.unit = each.at("unit").get<std::string>();
    feature.response = each.at("response").get<bool>();
    feature.level = {
        each.at("values").get<int64_t>(), each.at("mean").get<double>(),
        each.at("median").get<double>(), each.at("spread").get<double>()};
    feature.deviation = each.at("deviation").get<double>();
    feature.least = each.at("least").get<double>();
    feature.most = each.at("most").get<double>();
    feature.memory = each.value("memory", 1.0);
    feature.edges = each.at("edges").get<std::vector<double>>();
    feature.counts = each.at("counts").get<std::vector<int64_t>>();
    feature.ranks.Load(each.at("ranks"));
    if (feature.edges.empty() ||
        feature.counts.size() != feature.edges.size() + 1) {
      throw InputError("drift state: a histogram's parts do not fit together");
    }
    features_.push_back(std::move(feature));
  }
  for (const json& each : state.at("recent")) {
    Row row;
    row.sample = each.at(0).get<int64_t>();
    row.seconds = each.at(1).get<double>();
    for (const json& value : each.at(2)) {
      row.values.push_back(NumberOrMissing(value));
    }
    if (row.values.size() != features_.size()) {
      throw InputError("drift state: a row's parts do not fit together");
    }
    recent_.push_back(std::move(row));
  }
}

}  // namespace airlock
