#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "twin/drift/change_statistic.h"

namespace airlock {

// The distribution of a reference as cells of the real line: about 128 of equal
// width in normal scores, one more for each value that holds more than its
// share. A value's cell gives its rank among the reference.
class RankCells {
 public:
  static constexpr int64_t kCells = 128;

  // At least one value, none NaN; any order.
  explicit RankCells(std::vector<double> reference);

  size_t count() const { return ranks_.size(); }
  // The first cell whose upper edge is not below `value`; without branches.
  size_t Index(double value) const {
    const double* base = edges_.data();
    size_t length = edges_.size();
    while (length > 1) {
      const size_t half = length / 2;
      base += static_cast<size_t>(base[half - 1] < value) * half;
      length -= half;
    }
    return static_cast<size_t>(base - edges_.data()) +
           static_cast<size_t>(*base < value);
  }
  // The share of the reference that each cell holds, and the share of a next
  // value that it should get: each of the n + 1 gaps between n values is as
  // likely as the next, so that what lies outside the reference is not
  // impossible.
  const std::vector<double>& observed() const { return observed_; }
  const std::vector<double>& expected() const { return expected_; }
  // Expected mid-rank of each cell, in (0, 1).
  const std::vector<double>& ranks() const { return ranks_; }

 private:
  void AddCell(double upper_edge, double values, double outside);

  std::vector<double> edges_;  // upper bounds of all cells but the last
  std::vector<double> observed_;
  std::vector<double> expected_;
  std::vector<double> ranks_;
};

// A bank of one-sided CUSUMs (Page 1954) on the rank of each value among the
// reference. Each accumulates the log-likelihood ratio of one alternative: the
// reference's distribution tilted exponentially, dQ/dP = exp(theta s(u) - psi),
// by a score s of the rank u (smooth alternatives: Neyman 1937). psi comes from
// the cells themselves, so ties and atoms are no special case. Scores:
//   level   Phi^-1(u)           (van der Waerden), for shifts of theta sd
//   spread  Phi^-1(u)^2         (Klotz), for a standard deviation times r,
//                               theta = (1 - 1 / r^2) / 2
//   shape   Legendre polynomials of degree 3 (skew) and 4 (tails), orthonormal
// each with several theta, from small lasting to large quick changes. Evidence
// is the largest sum, in nats, those of spread and shape less one: shifts are
// the more common change, and found sooner for it. For independent values and a
// known distribution the mean run length at threshold h is at least exp(h) /
// (n + m / e) with n CUSUMs of level and m others (Lorden 1971). Ranks make it
// indifferent to monotone transforms and to heavy tails. A change is dated by
// the last zero of the largest sum (Page).
StatisticEntry RankBankStatistic();

}  // namespace airlock
