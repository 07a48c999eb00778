#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace airlock {

// Which of n sorted values a RankScores has as knots, and the rank and score of
// each where no two are equal. It depends on n alone, so that one serves all
// references of n values.
struct RankKnots {
  RankKnots() = default;
  explicit RankKnots(size_t n);

  size_t values = 0;              // n
  std::vector<size_t> positions;  // ascending
  std::vector<double> ranks;
  std::vector<double> scores;
};

// The rank of a value among a reference as a standard normal quantile (van der
// Waerden's scores), so that neither unit nor heavy tails matter: with
// independent values of any continuous distribution, what a statistic makes of
// the scores has one and the same distribution. Linear between at most 512
// knots, which lie closest in the tails; a value that occurs several times has
// the middle of its ranks.
class RankScores {
 public:
  static constexpr int64_t kMostKnots = 512;

  RankScores() = default;
  // At least one value, none NaN; `knots` of as many values.
  RankScores(std::vector<double> reference, const RankKnots& knots);
  explicit RankScores(std::vector<double> reference);

  double Score(double value) const;
  // In (0, 1): the same rank, uniform instead of normal.
  double Rank(double value) const;

  void Save(nlohmann::json* state) const;
  // Throws nlohmann::json::exception or InputError.
  void Load(const nlohmann::json& state);

 private:
  double Interpolate(double value, const std::vector<double>& at, double below,
                     double above) const;

  std::vector<double> knots_;   // ascending values
  std::vector<double> scores_;  // of the knots
  std::vector<double> ranks_;
  double outside_ = 0.5;    // rank below the least value
  double least_score_ = 0;  // its score
};

}  // namespace airlock
