#include "twin/drift/rank_scores.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/stats/interval.h"

namespace airlock {
namespace {

// Positions among n sorted values, equally far apart in normal score.
std::vector<size_t> KnotPositions(size_t n) {
  std::vector<size_t> positions;
  const size_t most = static_cast<size_t>(RankScores::kMostKnots);
  if (n <= most) {
    for (size_t i = 0; i < n; ++i) positions.push_back(i);
    return positions;
  }
  const double last = NormalQuantile(1 - 1 / (static_cast<double>(n) + 1));
  for (size_t k = 0; k < most; ++k) {
    const double score =
        last * (2 * static_cast<double>(k) / static_cast<double>(most - 1) - 1);
    const double rank = NormalCdf(score) * (static_cast<double>(n) + 1) - 1;
    const auto position = static_cast<size_t>(
        std::clamp(std::round(rank), 0.0, static_cast<double>(n - 1)));
    if (positions.empty() || position > positions.back()) {
      positions.push_back(position);
    }
  }
  return positions;
}

}  // namespace

RankKnots::RankKnots(size_t n) : values(n), positions(KnotPositions(n)) {
  for (const size_t position : positions) {
    ranks.push_back((static_cast<double>(position) + 1) /
                    (static_cast<double>(n) + 1));
    scores.push_back(NormalQuantile(ranks.back()));
  }
}

RankScores::RankScores(std::vector<double> reference) {
  const RankKnots knots(reference.size());
  *this = RankScores(std::move(reference), knots);
}

RankScores::RankScores(std::vector<double> reference, const RankKnots& knots) {
  const size_t size = reference.size();
  AIRLOCK_CHECK(size > 0 && size == knots.values, "{} values, knots of {}",
                size, knots.values);
  std::sort(reference.begin(), reference.end());
  const double n = static_cast<double>(size);
  outside_ = 0.5 / (n + 1);
  least_score_ = NormalQuantile(outside_);
  for (size_t i = 0; i < knots.positions.size(); ++i) {
    const size_t position = knots.positions[i];
    const double value = reference[position];
    if (!knots_.empty() && value == knots_.back()) continue;
    knots_.push_back(value);
    if ((position == 0 || reference[position - 1] < value) &&
        (position + 1 == size || value < reference[position + 1])) {
      ranks_.push_back(knots.ranks[i]);
      scores_.push_back(knots.scores[i]);
      continue;
    }
    const auto equal =
        std::equal_range(reference.begin(), reference.end(), value);
    const double below = static_cast<double>(equal.first - reference.begin());
    const double upto = static_cast<double>(equal.second - reference.begin());
    ranks_.push_back(((below + upto) / 2 + 0.5) / (n + 1));
    scores_.push_back(NormalQuantile(ranks_.back()));
  }
}

double RankScores::Interpolate(double value, const std::vector<double>& at,
                               double below, double above) const {
  const auto upper = std::lower_bound(knots_.begin(), knots_.end(), value);
  const size_t k = static_cast<size_t>(upper - knots_.begin());
  if (k == knots_.size()) return above;
  if (*upper == value) return at[k];
  if (k == 0) return below;
  const double share = (value - knots_[k - 1]) / (knots_[k] - knots_[k - 1]);
  return at[k - 1] + share * (at[k] - at[k - 1]);
}

double RankScores::Score(double value) const {
  return Interpolate(value, scores_, least_score_, -least_score_);
}

double RankScores::Rank(double value) const {
  return Interpolate(value, ranks_, outside_, 1 - outside_);
}

void RankScores::Save(nlohmann::json* state) const {
  *state = {{"knots", knots_}, {"ranks", ranks_}, {"outside", outside_}};
}

void RankScores::Load(const nlohmann::json& state) {
  knots_ = state.at("knots").get<std::vector<double>>();
  ranks_ = state.at("ranks").get<std::vector<double>>();
  outside_ = state.at("outside").get<double>();
  if (knots_.empty() || knots_.size() != ranks_.size() ||
      !std::is_sorted(knots_.begin(), knots_.end())) {
    throw InputError("drift state: knots and ranks do not fit together");
  }
  if (!(outside_ > 0 && outside_ < 1)) {
    throw InputError("drift state: a rank outside (0, 1)");
  }
  least_score_ = NormalQuantile(outside_);
  scores_.clear();
  for (const double rank : ranks_) {
    if (!(rank > 0 && rank < 1)) {
      throw InputError("drift state: a rank outside (0, 1)");
    }
    scores_.push_back(NormalQuantile(rank));
  }
}

}  // namespace airlock
