#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agents/env/env.h"
#include "agents/learn/dqn.h"
#include "agents/learn/net2seq_options.h"
#include "agents/learn/ppo.h"
#include "agents/learn/sac.h"
#include "agents/noise/noise_options.h"
#include "sim/base/diagnostics.h"
#include "sim/base/units.h"

// What an agent file says: which algorithm learns, with which settings, for how
// long. Knows nothing of torch.
namespace airlock {

// A row of `airlock list algorithms`.
struct AlgorithmRow {
  std::string name;
  std::string description;
};
const std::vector<AlgorithmRow>& Algorithms();
// The one that learns on networks of its own and not from rollouts.
inline constexpr char kNet2Seq[] = "net2seq";

// PpoOptions as a file has them: names in place of enums.
struct PpoSection : PpoOptions {
  std::string activation_name = "tanh";
  std::string objective_name = "clip";

  PpoOptions Options() const;
};

// NoiseOptions as a file has them.
struct NoiseSection : NoiseOptions {
  int64_t seed_number = 1;

  NoiseOptions Options() const;
};

struct EvaluationConfig {
  int64_t every = 0;  // steps; 0: only at the end
  int64_t episodes = 20;
  bool sampled = false;  // acting as in training, not the most probable actions
  NoiseSection noise;
};

// What the agent of task airtime-plan sees and is charged for
// (agents/env/channel_env.h).
struct AirtimePlanOptions {
  int64_t history = 1;
  Ratio served_floor{1};
  bool randomise = true;  // what a calibration left uncertain
};
inline constexpr char kAirtimePlan[] = "airtime-plan";

// What the agent of task load-balancer learns from
// (agents/balancing/balancer_env.h).
struct LoadBalancerOptions {
  std::string reward = "completion";
  bool randomise = true;
};
inline constexpr char kLoadBalancerTask[] = "load-balancer";

struct AgentFile {
  int64_t schema = 0;
  std::string algorithm;
  std::optional<std::string> task;  // in a scenario; `airlock list
                                    // scenario-tasks`
  AirtimePlanOptions airtime_plan;
  LoadBalancerOptions load_balancer;
  // What an observation is expected to consist of, in order; empty: anything.
  std::vector<std::string> observation;
  int64_t steps = 100000;  // of all environments together, at most
  int64_t environments = 8;
  int64_t workers = 0;     // processes; 0: in the learner's own
  int64_t rollout = 32;    // steps of each environment between updates
  int64_t time_limit = 0;  // steps of an episode; 0: the environment's own
  int64_t checkpoint_every = 0;  // steps; 0: a tenth of all
  NoiseSection noise;            // while training
  EvaluationConfig evaluation;
  PpoSection ppo;
  DqnOptions dqn;
  SacOptions sac;
  Net2SeqOptions net2seq;

  int64_t steps_per_update() const { return environments * rollout; }
  int64_t updates() const { return steps / steps_per_update(); }
};

// Reads the file with overrides "a.b=value" and checks it, all findings with
// their position; where `spec` is given also against what is to be learnt: the
// observation's layout, the constrained costs, what the algorithm can learn.
// Nothing if there was any error.
std::optional<AgentFile> LoadAgentFile(
    const std::string& path, const std::vector<std::string>& overrides,
    const EnvSpec* spec, Diagnostics* diagnostics);
// The same from a text that `name` is printed for.
std::optional<AgentFile> ParseAgentFile(const std::string& text,
                                        const std::string& name,
                                        const EnvSpec* spec,
                                        Diagnostics* diagnostics);

// Every field of the file that its algorithm uses, written out.
std::string AgentFileText(const AgentFile& file);

std::string AgentKeyReference();
std::string AgentJsonSchema();

}  // namespace airlock
