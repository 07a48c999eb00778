#pragma once

#include <vector>

#include "agents/rollout/rollout.h"

namespace airlock {

// Actors in this process: environments `first` ... `first + count - 1` of all.
class SomeActors : public Actors {
 public:
  SomeActors(const ActorOptions& options, int64_t first, int64_t count);

  const EnvSpec& spec() const override { return env_.spec(); }
  int64_t envs() const override { return env_.count(); }
  Rollout Run(const Policy& policy, int64_t steps, double random_share,
              bool greedy) override;
  nlohmann::json Save() override;
  void Load(const nlohmann::json& state) override;

 private:
  void Act(const Policy& policy, double random_share, bool greedy,
           double* log_probability);

  VectorEnv env_;
  std::vector<RngStream> streams_;
  std::vector<double> actions_;
  std::vector<double> scratch_;
};

}  // namespace airlock
