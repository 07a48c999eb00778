#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "twin/drift/whitening.h"

namespace airlock {

// Mean, cycles and autoregression of a series.
struct LinearFit {
  double mean = 0;
  double low = 0, high = 0;         // values beyond count as these
  std::vector<double> frequencies;  // of the cycles; radians a sample
  std::vector<double> amplitudes;
  double noise = 1;                  // spectral level around the cycles
  double memory = 0;                 // samples over which phases are tracked
  std::vector<double> coefficients;  // of the deviations from mean and cycles
};

// Subtracts cycles, then predicts what is left by an autoregression. The phase
// of a cycle is not known when a stream starts, and its frequency not exactly:
// each cycle is a rotating state of unknown start that a Kalman filter tracks
// (Harvey 1989, section 2.3.4), and innovations are scaled by what the filter
// knows. A level shift is no cycle and stays visible.
class LinearWhitener : public Whitener {
 public:
  explicit LinearWhitener(LinearFit fit);

  double Next(double value) override;
  void Reset() override;
  int64_t start() const override {
    return static_cast<int64_t>(fit_.coefficients.size());
  }
  double longest_cycle() const override;
  std::string description() const override;
  void Save(nlohmann::json* state) const override;
  void Load(const nlohmann::json& state);

 private:
  void Rotate();
  double Track(double deviation, double* variance);

  LinearFit fit_;
  std::vector<double> state_;       // two a cycle; the first is its value
  std::vector<double> covariance_;  // of state_, row-major
  std::vector<double> past_;        // deviations, newest first
  int64_t known_ = 0;
};

// The cycles of the series (at most four): peaks of the periodogram, relative
// to the first-order autoregression that fits, that stand 18 times above the
// median level around. Fits mean and cycles by least squares.
LinearFit FitCycles(const std::vector<double>& series);

}  // namespace airlock
