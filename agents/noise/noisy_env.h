#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "agents/env/env.h"
#include "agents/noise/noise_options.h"

namespace airlock {

struct NoisyEnvOptions {
  NoiseOptions noise;
  // Fields that say what is configured, and so have no error and are always
  // there; none: every field is measured. All fields may be late.
  std::function<bool(const EnvField&)> exact;
  // The action that changes nothing now, which is carried out in the place of
  // one that failed or has not come yet; none: the action before, at first the
  // first choices or the middle of the box.
  std::function<std::vector<double>(const Env&)> idle;
};

// An environment through noise: the same life for the same actions, seen,
// acted on and rewarded with errors. Fields in dBm have the errors of RSSI, all
// others those of counters; a lost value is the last one that came (at first
// the field's lowest finite one, or 0), and so is a missing neighbour's; before
// the first observation has come (delay) each is as the episode began. Choices
// that a mask forbids by the time they are carried out become the first that
// is allowed. Of the episode's random numbers one more is drawn, by a copy: the
// environment within lives as without noise.
class NoisyEnv : public Env {
 public:
  // Throws InputError as CheckNoise(), and for a forecast error: an
  // environment has no forecast.
  NoisyEnv(std::unique_ptr<Env> env, const NoisyEnvOptions& options);

  const EnvSpec& spec() const override { return env_->spec(); }
  void Reset(RngStream random) override;
  Outcome Step(const double* action, double* costs) override;
  void Observe(double* observation) const override;
  void Allow(uint8_t* allowed) const override { env_->Allow(allowed); }
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& state) override;

 private:
  enum Kind { kRssi, kCounter, kLost, kStale, kFailure, kReward, kKinds };

  void See();  // what is there now, through noise
  double Measured(size_t field, double value);
  std::vector<double> CarriedOut(const double* action);
  void KeepToMask(std::vector<double>* action) const;

  const std::unique_ptr<Env> env_;
  const NoisyEnvOptions options_;
  std::vector<RngStream> streams_;  // of each Kind
  std::vector<double> last_;        // seen before
  std::deque<std::vector<double>> on_their_way_;
  std::vector<double> shown_;
  std::deque<std::vector<double>> actions_to_come_;
  std::vector<double> done_;  // the action before; empty: none
};

}  // namespace airlock
