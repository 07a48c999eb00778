#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "twin/forecast/adaptive_intervals.h"
#include "twin/forecast/forecaster.h"

namespace airlock {

// The two quantile forecasts of an interval of `level`: of the shares
// (1 - level) / 2 and (1 + level) / 2 of the target, given the features.
struct QuantilePair {
  double level = 0;
  std::shared_ptr<const Forecaster> low;
  std::shared_ptr<const Forecaster> high;
};

// Conformalised quantile regression (Romano, Patterson and Candes, NeurIPS
// 2019, in the form of its theorem 2: each end has its own correction): an
// interval is as wide as the features say, then moved by what such intervals
// missed out of sample, and by every label that arrives (AdaptiveIntervals, of
// which there is one for each level). A node copies it and lets the copy follow
// its stream; the forecasters are shared and never change.
class QuantileIntervals {
 public:
  // `calibration`: for each pair, in time order, the interval of forecasts that
  // had not seen the sample, and what was observed. Throws InputError for
  // levels that do not ascend within (0, 1), or fewer samples with a known
  // observation than the highest level needs. AIRLOCK_CHECKs that the sizes
  // agree and that no forecaster needs the target's past.
  QuantileIntervals(
      std::vector<QuantilePair> pairs,
      const std::vector<std::vector<CalibrationSample>>& calibration);

  // How far the features reach that the forecasters read.
  int64_t inputs() const;
  std::vector<double> levels() const;  // ascending
  // Before correction, one for each level, from standardised features.
  std::vector<BaseInterval> Bases(const double* x) const;

  // Corrected, one for each level; those of a higher level contain those of a
  // lower one. The first remembers nothing; Issue and Observe are those of
  // AdaptiveIntervals.
  std::vector<PredictionInterval> Intervals(
      const std::vector<BaseInterval>& bases) const;
  std::vector<PredictionInterval> Issue(int64_t origin,
                                        const std::vector<BaseInterval>& bases);
  bool Observe(int64_t origin, double observed);

  // Everything, as JSON: after Load() all intervals are bit-identical. Load
  // throws InputError for a text that is not its own.
  std::string Save() const;
  static QuantileIntervals Load(const std::string& text);

 private:
  QuantileIntervals() = default;
  void CheckPairs() const;

  std::vector<QuantilePair> pairs_;
  std::vector<AdaptiveIntervals> followed_;  // one for each pair
};

}  // namespace airlock
