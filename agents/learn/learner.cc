#include "agents/learn/learner.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/csrc/api/include/torch/version.h>

#include <Eigen/Core>
#include <limits>

#include "agents/learn/dqn.h"
#include "agents/learn/ppo.h"
#include "agents/learn/sac.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

class PpoLearner : public Learner {
 public:
  PpoLearner(const AgentFile& agent, const EnvSpec& spec, uint64_t seed)
      : options_(agent.ppo.Options()), ppo_(spec, options_, seed) {}
  Policy Acting() const override { return ppo_.Acting(); }
  Progress Update(const Rollout& rollout, double done) override {
    const PpoProgress p = ppo_.Update(rollout, done);
    Progress progress = {
        {"policy_loss", p.policy_loss}, {"value_loss", p.value_loss},
        {"entropy", p.entropy},         {"divergence", p.divergence},
        {"clipped", p.clipped},         {"epochs", double(p.epochs)}};
    for (size_t c = 0; c < p.multipliers.size(); ++c) {
      progress.emplace_back("multiplier_" + options_.constraints[c].cost,
                            p.multipliers[c]);
    }
    return progress;
  }
  json Save() const override { return ppo_.Save(); }
  void Load(const json& state) override { ppo_.Load(state); }

 private:
  PpoOptions options_;
  Ppo ppo_;
};

class DqnLearner : public Learner {
 public:
  DqnLearner(const AgentFile& agent, const EnvSpec& spec, uint64_t seed)
      : dqn_(spec, agent.dqn, agent.environments, seed) {}
  Policy Acting() const override { return dqn_.Acting(); }
  double RandomShare(double done) const override {
    return dqn_.RandomShare(done);
  }
  Progress Update(const Rollout& rollout, double done) override {
    const DqnProgress p = dqn_.Update(rollout, done);
    const bool none = p.gradient_steps == 0;
    return {{"loss", none ? kNan : p.loss},
            {"value", none ? kNan : p.value},
            {"random_share", dqn_.RandomShare(done)}};
  }
  json Save() const override { return dqn_.Save(); }
  void Load(const json& state) override { dqn_.Load(state); }

 private:
  Dqn dqn_;
};

class SacLearner : public Learner {
 public:
  SacLearner(const AgentFile& agent, const EnvSpec& spec, uint64_t seed)
      : sac_(spec, agent.sac, agent.environments, seed) {}
  Policy Acting() const override { return sac_.Acting(); }
  Progress Update(const Rollout& rollout, double) override {
    const SacProgress p = sac_.Update(rollout);
    const bool none = p.gradient_steps == 0;
    return {{"critic_loss", none ? kNan : p.critic_loss},
            {"actor_loss", none ? kNan : p.actor_loss},
            {"entropy", none ? kNan : p.entropy},
            {"temperature", p.temperature}};
  }
  json Save() const override { return sac_.Save(); }
  void Load(const json& state) override { sac_.Load(state); }

 private:
  Sac sac_;
};

}  // namespace

double Learner::RandomShare(double) const { return 0; }

std::unique_ptr<Learner> MakeLearner(const AgentFile& agent,
                                     const EnvSpec& spec, uint64_t seed) {
  at::set_num_threads(1);
  if (agent.algorithm == "ppo") {
    return std::make_unique<PpoLearner>(agent, spec, seed);
  }
  if (agent.algorithm == "dqn") {
    return std::make_unique<DqnLearner>(agent, spec, seed);
  }
  if (agent.algorithm == "sac") {
    return std::make_unique<SacLearner>(agent, spec, seed);
  }
  throw InputError(
      fmt::format("'{}' does not learn from rollouts", agent.algorithm));
}

json LearningLibraries() {
  json versions = {
      {"torch", TORCH_VERSION},
      {"eigen", fmt::format("{}.{}.{}", EIGEN_WORLD_VERSION,
                            EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION)}};
  // Which BLAS torch has loaded is for Debian's alternatives to say.
  void* const symbol = dlsym(RTLD_DEFAULT, "openblas_get_config");
  if (symbol != nullptr) {
    versions["blas"] = reinterpret_cast<char* (*)()>(symbol)();
  }
  return versions;
}

}  // namespace airlock
