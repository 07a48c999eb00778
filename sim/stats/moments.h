#pragma once

#include <vector>

namespace airlock {

// Everywhere in sim/stats: a missing value (NaN) in the input, or fewer values
// than the formula needs, gives NaN, never a number that looks like an answer.
// A comparison with NaN is false, so a criterion written as "passes if
// interval.high < limit" cannot pass on it. DropMissing() is the caller's own,
// visible decision.

// `values` without its NaN, in order.
std::vector<double> DropMissing(const std::vector<double>& values);
bool HasMissing(const std::vector<double>& values);

// NaN if empty.
double Mean(const std::vector<double>& values);
// Unbiased (n - 1), in two passes; NaN below two values.
double Variance(const std::vector<double>& values);
double StandardDeviation(const std::vector<double>& values);

}  // namespace airlock
