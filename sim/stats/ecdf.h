#pragma once

#include <cstdint>
#include <vector>

namespace airlock {

// The empirical distribution function of a sample: a right-continuous step
// function. Owns the sorted sample; missing values are dropped and counted.
class Ecdf {
 public:
  explicit Ecdf(std::vector<double> values);

  // The share of values <= x; NaN for an empty sample or a NaN x.
  double operator()(double x) const;
  // The smallest value v with F(v) >= p, 0 <= p <= 1 (the inverse of F, which
  // is quantile type 1); NaN for an empty sample.
  double Inverse(double p) const;

  int64_t size() const { return static_cast<int64_t>(sorted_.size()); }
  int64_t missing() const { return missing_; }
  const std::vector<double>& sorted() const { return sorted_; }

 private:
  std::vector<double> sorted_;
  int64_t missing_ = 0;
};

}  // namespace airlock
