#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "twin/drift/change_statistic.h"

namespace airlock {

// A standard deviation to divide by: `standard_deviation`, or, where there is
// no spread at all, a billionth of `mean` (of 1 if that is less), so that every
// departure from a constant is a large one and none is a division by zero.
double ScaleOf(double mean, double standard_deviation);

// Which changes a chart looks for.
struct Sides {
  bool up;
  bool down;
};
inline constexpr StatisticParameter kSidesParameter = {
    "sides", 2, -1, 2, "2: both, 1: increases only, -1: decreases only"};
// InputError for another value.
Sides SidesOf(const std::string& statistic,
              const StatisticParameters& complete);

// The mean and the standard deviation of a process in control, which the
// charts of statistical process control compare with: known, from a reference,
// or estimated from the first values of the stream and then frozen.
class InControl {
 public:
  // From a reference; of its first `warm_up` (>= 1) values if it is empty.
  InControl(const std::vector<double>& reference, int64_t warm_up);

  // Takes the next value of the stream; false while still estimating. The last
  // value of the warm-up is the first to be charted.
  bool Observe(double value) {
    if (known_) return true;
    return Learn(value);
  }
  double mean() const { return mean_; }
  // Above zero: see ScaleOf().
  double scale() const { return scale_; }

  // Forgets what it learnt from the stream.
  void Reset();
  void Save(nlohmann::json* state) const;
  void Load(const nlohmann::json& state);

 private:
  bool Learn(double value);

  const bool given_;  // by a reference
  const int64_t warm_up_;
  bool known_;
  int64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;  // sum of squared deviations
  double scale_ = 1;
};

}  // namespace airlock
