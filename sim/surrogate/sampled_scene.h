#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/engine/scene.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// The course of every scene that samples a model at fixed intervals: the time
// series, what a controller observes, the warm-up, the record. What is
// simulated is for the kinds (chain_simulation.cc, pool_simulation.cc,
// sim/server/run_servers.cc). Owns the series.
class SampledScene : public Scene {
 public:
  void Settle() override {}
  void Start(Replication replication) override;
  SimTime Now() const override { return now_; }
  void AdvanceTo(SimTime time) override;
  Observation Observe() override;
  ReplicationRecord Finish() override;

 protected:
  // Samples of the time series, and those of a controller.
  static constexpr size_t kSeries = 0;
  static constexpr size_t kController = 1;

  explicit SampledScene(const RunConfig& run) : run_(run) {}

  // Makes the model of the replication; returns the columns that Sample() has
  // values of, without them.
  virtual std::vector<Column> Begin(const RngTree& tree,
                                    Replication replication) = 0;
  virtual void Simulate(SimTime until) = 0;
  // A value a column, over the time since the reader's last call; the model
  // stands at `now`.
  virtual std::vector<double> Sample(size_t reader, SimTime now) = 0;
  // Columns whose transient is the warm-up.
  virtual std::vector<std::string> WarmupColumns() const = 0;
  virtual std::vector<Metric> Metrics(SimTime warmup) const = 0;
  virtual int64_t events() const = 0;

 private:
  // The longest warm-up by MSER-5 of those columns.
  int64_t WarmupSamples() const;

  const RunConfig run_;
  Replication replication_;
  Trace series_;
  SimTime now_;
  SimTime sampled_;   // end of the last sample
  SimTime observed_;  // the last Observe()
  std::chrono::steady_clock::time_point started_;
};

}  // namespace airlock
