#pragma once

#include <vector>

namespace airlock {

// Hyndman and Fan, "Sample quantiles in statistical packages", The American
// Statistician 50 (1996): position of the quantile p among n sorted values
// x_1..x_n, with linear interpolation between neighbours.
enum class QuantileType {
  kType7,  // 1 + (n - 1) p: the default of R, NumPy and spreadsheets; Airlock's
  kType8,  // 1/3 + (n + 1/3) p: approximately median-unbiased
};

// The quantile p (0 <= p <= 1) of `values`, in any order. NaN if `values` is
// empty or has a missing value.
double Quantile(const std::vector<double>& values, double p,
                QuantileType type = QuantileType::kType7);
// The same for several p with one sort; in the order of `p`.
std::vector<double> Quantiles(const std::vector<double>& values,
                              const std::vector<double>& p,
                              QuantileType type = QuantileType::kType7);
// The same for values that are sorted already (not checked).
double QuantileOfSorted(const std::vector<double>& sorted, double p,
                        QuantileType type = QuantileType::kType7);

double Median(const std::vector<double>& values);

}  // namespace airlock
