#include "sim/engine/observed_simulation.h"

#include <cmath>
#include <limits>

#include "sim/telemetry/wlan_columns.h"

namespace airlock {

ObservedSimulation::ObservedSimulation(Simulation* simulation,
                                       const ObservationConfig& config,
                                       uint64_t seed, Replication replication)
    : simulation_(simulation),
      config_(config),
      rng_(seed),
      replication_(replication) {}

ObservedSimulation::Draws& ObservedSimulation::DrawsOf(
    const std::string& column) {
  const auto found = draws_.find(column);
  if (found != draws_.end()) return found->second;
  const auto stream = [&](const char* kind) {
    return rng_.Stream(std::string("observation/") + kind + "/" + column,
                       replication_);
  };
  return draws_
      .emplace(column,
               Draws{stream("noise"), stream("staleness"), stream("dropout")})
      .first->second;
}

double ObservedSimulation::Measured(const std::string& column, double value,
                                    Draws* draws) const {
  if (IsConfiguredColumn(column)) return value;
  if (IsPowerColumn(column)) {
    const double error = config_.rssi_noise_db > 0
                             ? draws->noise.Normal(0, config_.rssi_noise_db)
                             : 0;
    return value + config_.rssi_bias_db + error;
  }
  if (config_.counter_noise == 0) return value;
  return value * (1 + draws->noise.Normal(0, config_.counter_noise));
}

Observation ObservedSimulation::Observe() {
  constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
  Observation observation = simulation_->Observe();
  for (auto& [column, value] : observation.values) {
    Draws& draws = DrawsOf(column);
    value = Measured(column, value, &draws);
    const bool old = config_.staleness.value() > 0 &&
                     draws.staleness.Uniform() < config_.staleness.value();
    const bool lost = config_.dropout.value() > 0 &&
                      draws.dropout.Uniform() < config_.dropout.value();
    const auto before = seen_.find(column);
    if (old && before != seen_.end()) value = before->second;
    if (lost) value = kMissing;
  }
  seen_ = observation.values;
  if (config_.delay == 0) return observation;
  on_their_way_.push_back(observation.values);
  if (static_cast<int64_t>(on_their_way_.size()) <= config_.delay) {
    for (auto& [column, value] : observation.values) value = kMissing;
    return observation;
  }
  observation.values = on_their_way_.front();
  on_their_way_.pop_front();
  return observation;
}

}  // namespace airlock
