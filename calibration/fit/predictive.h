#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario/calibration_profile.h"

namespace airlock {

// How a KPI's differences between trace and replay are formed: as a factor
// where the KPI is positive and varies over decades, as a sum elsewhere.
enum class DifferenceKind { kFactor, kSum };
DifferenceKind DifferenceOf(const std::string& kpi);

// Differences between trace and replay that were seen at known states, and with
// them predictive draws at a new state: the differences of the nearest states
// (a sixth of them, 30 to `neighbours`), distances scaled by each feature's
// spread. A residual bootstrap that adapts to the load, in the manner of
// locally weighted conformal prediction (Lei et al., JASA 113, 2018).
class ResidualPool {
 public:
  // `bounded`: the KPI lies in 0..1.
  ResidualPool(DifferenceKind kind, bool bounded, size_t neighbours);

  // A sample: its state's features, what was replayed with each posterior draw,
  // the mean of that, what was measured. Missing values are left out.
  void Add(const std::vector<double>& features,
           const std::vector<double>& replayed, double mean, double measured);
  // After the last Add(): fixes the scales.
  void Close();
  size_t size() const { return differences_.size(); }

  // Predictive draws at the state, sorted: to the replays' mean there, each
  // near difference (replication noise and discrepancy) and, in turn, each
  // posterior draw's mean departure near there (what the parameters leave open;
  // averaged, so that the noise of single replays does not enter twice).
  std::vector<double> Draws(const std::vector<double>& features,
                            double mean) const;

 private:
  double Difference(double from, double to) const;
  double Apply(double value, double difference) const;
  std::vector<size_t> Nearest(const std::vector<double>& features) const;

  DifferenceKind kind_;
  bool bounded_;
  size_t neighbours_;
  std::vector<std::vector<double>> features_;
  std::vector<double> differences_;
  std::vector<std::vector<double>> departures_;  // [sample][posterior draw]
  std::vector<double> scales_;
};

// The part of [F(y-), F(y)] that lies in 0.05..0.95, F being the ECDF of the
// sorted draws with each draw blurred into its neighbours' gaps (rank / (n +
// 1)): 0 or 1 where F is continuous. Czado, Gneiting and Held (2009).
double CentralPart(const std::vector<double>& sorted_draws, double measured);

// Judges a KPI: `replayed` are the twin's values (any number a sample, pooled),
// `central` the samples' CentralPart(). Sets all but the interval's width.
KpiFidelity JudgeKpi(const std::string& kpi,
                     const std::vector<double>& measured,
                     const std::vector<double>& replayed,
                     const std::vector<double>& central,
                     const FidelityLimits& limits);

}  // namespace airlock
