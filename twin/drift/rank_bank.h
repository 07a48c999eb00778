#pragma once

#include <cstdint>
#include <vector>

#include "twin/drift/change_statistic.h"

namespace airlock {

// The distribution of a reference as cells of the real line that hold each
// value once: about 128, narrow in the tails, one for each value that occurs
// several times. A value's cell gives its rank among the reference.
class RankCells {
 public:
  static constexpr int64_t kMostCells = 128;

  // At least one value, none NaN; any order.
  explicit RankCells(std::vector<double> reference);

  size_t count() const { return shares_.size(); }
  size_t Index(double value) const;
  // The share of a next value that each cell should get: count / (n + 1), the
  // outermost 1 / (n + 1).
  const std::vector<double>& shares() const { return shares_; }
  // Mid-rank of each cell, in (0, 1).
  const std::vector<double>& ranks() const { return ranks_; }

 private:
  std::vector<double> edges_;  // upper bounds of all cells but the last
  std::vector<double> shares_;
  std::vector<double> ranks_;
};

// A bank of one-sided CUSUMs (Page 1954) on the rank of each value among the
// reference. Each accumulates the log-likelihood ratio of one alternative: the
// reference's distribution tilted exponentially, dQ/dP = exp(theta s(u) - psi)
// with a score s of the rank u (smooth alternatives: Neyman 1937), psi being
// exact for the cells, so that ties and atoms are no special case. Scores:
//   level   Phi^-1(u)           (van der Waerden), for shifts of theta sd
//   spread  Phi^-1(u)^2         (Klotz), for a standard deviation times r,
//                               theta = (1 - 1 / r^2) / 2
//   shape   Legendre polynomials of degree 3 (skew) and 4 (tails), orthonormal
// each with several theta, from small lasting to large quick changes. Evidence
// is the largest sum, in nats: for independent values and a known distribution
// the mean run length at threshold h is at least exp(h) / (number of CUSUMs)
// (Lorden 1971, with Bonferroni). Ranks make it indifferent to any monotone
// transform and to heavy tails.
//
// The change is dated by the winning CUSUM's last zero (Page's estimate).
StatisticEntry RankBankStatistic();

}  // namespace airlock
