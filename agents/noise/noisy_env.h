#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "agents/env/env.h"
#include "agents/noise/noise_options.h"

namespace airlock {

// An environment through noise: the same life for the same actions, seen,
// acted on and rewarded with errors. Fields in dBm have the errors of RSSI, all
// others those of counters, but for what is configured; a lost value is the
// last one that came (at first the field's lowest finite one, or 0), and so is
// a missing neighbour's; before the first observation has come (delay) each is
// as the episode began. Choices that a mask forbids by the time they are
// carried out become the first that is allowed. Of the episode's random numbers
// one more is drawn, by a copy: the environment within lives as without noise.
class NoisyEnv : public Env {
 public:
  // Throws InputError as CheckNoise(), and for a forecast error: an
  // environment has no forecast.
  NoisyEnv(std::unique_ptr<Env> env, const NoiseOptions& noise);

  const EnvSpec& spec() const override { return env_->spec(); }
  void Reset(RngStream random) override;
  Outcome Step(const double* action, double* costs) override;
  void Observe(double* observation) const override;
  void Allow(uint8_t* allowed) const override { env_->Allow(allowed); }
  std::vector<double> Staying() const override { return env_->Staying(); }
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& state) override;

 private:
  enum Kind { kRssi, kCounter, kLost, kStale, kFailure, kReward, kKinds };

  void See();  // what is there now, through noise
  double Measured(size_t field, double value);
  std::vector<double> CarriedOut(const double* action);
  void KeepToMask(std::vector<double>* action) const;

  const std::unique_ptr<Env> env_;
  const NoiseOptions noise_;
  std::vector<RngStream> streams_;  // of each Kind
  std::vector<double> last_;        // seen before
  std::deque<std::vector<double>> on_their_way_;
  std::vector<double> shown_;
  std::deque<std::vector<double>> actions_to_come_;
  std::vector<double> done_;  // the action before; empty: none
};

}  // namespace airlock
