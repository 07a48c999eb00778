#include "sim/surrogate/sampled_scene.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"
#include "sim/stats/batch_means.h"

namespace airlock {

void SampledScene::Start(Replication replication) {
  started_ = std::chrono::steady_clock::now();
  replication_ = replication;
  series_.source = "simulation/surrogate";
  series_.columns =
      Begin(RngTree(static_cast<uint64_t>(run_.seed)), replication);
}

void SampledScene::AdvanceTo(SimTime time) {
  AIRLOCK_CHECK(time >= now_);
  while (sampled_ + run_.sample_interval <= time) {
    sampled_ = sampled_ + run_.sample_interval;
    Simulate(sampled_);
    const std::vector<double> values = Sample(kSeries, sampled_);
    series_.time_seconds.push_back(Seconds(sampled_));
    for (size_t i = 0; i < values.size(); ++i) {
      series_.columns[i].values.push_back(values[i]);
    }
  }
  Simulate(time);
  now_ = time;
}

Observation SampledScene::Observe() {
  Observation observation;
  observation.time = now_;
  std::vector<double> values(series_.columns.size(),
                             std::numeric_limits<double>::quiet_NaN());
  if (now_ > observed_) values = Sample(kController, now_);
  observed_ = now_;
  for (size_t i = 0; i < values.size(); ++i) {
    observation.values[series_.columns[i].name] = values[i];
  }
  return observation;
}

ReplicationRecord SampledScene::Finish() {
  ReplicationRecord record;
  record.replication = replication_;
  const SimTime warmup = run_.sample_interval * WarmupSamples();
  record.warmup_seconds = Seconds(warmup);
  record.simulated_seconds = Seconds(now_);
  record.events = events();
  record.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started_)
          .count();
  record.metrics = Metrics(warmup);
  record.series = std::move(series_);
  return record;
}

int64_t SampledScene::WarmupSamples() const {
  constexpr int64_t kFewest = 20;  // four batches of five
  int64_t drop = 0;
  if (series_.samples() < kFewest) return drop;
  for (const std::string& name : WarmupColumns()) {
    std::vector<double> values = series_.Get(name).values;
    for (double& value : values) {
      if (std::isnan(value)) value = 0;
    }
    drop = std::max(drop, Mser5(values).drop);
  }
  return drop;
}

}  // namespace airlock
