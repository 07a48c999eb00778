#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/base/rng.h"

namespace airlock {

// One number of an observation or of a continuous action.
struct EnvField {
  std::string name;
  std::string unit;  // "1" where it has none
  double low = 0;    // as wide as it may become; may be infinite
  double high = 0;
  // What the agent itself has set, not what was measured: has no error.
  bool configured = false;
};

// What an agent may do: one of `choices[h]` values for every head h, written
// as whole numbers 0 ... choices[h] - 1, or a point of the box of `fields`.
struct ActionSpace {
  std::vector<int64_t> choices;  // empty: continuous
  std::vector<EnvField> fields;  // empty: discrete
  // Whether the environment says at every step which choices are allowed.
  bool masked = false;

  bool discrete() const { return !choices.empty(); }
  // Numbers of one action.
  int64_t width() const;
  // Choices of all heads together: one after the other in a mask or in the
  // outputs of a network. 0 for a continuous action.
  int64_t all_choices() const;
};

// What is fixed about an environment.
struct EnvSpec {
  std::string name;
  std::vector<EnvField> observation;
  ActionSpace action;
  std::vector<std::string> costs;  // constraints' signals, beside the reward
  int64_t time_limit = 0;          // steps of an episode; 0 for none

  // Of names, units and the action space, not of ranges or the time limit: a
  // policy runs wherever this is the same.
  std::string LayoutDigest() const;
};

// A decision problem. Knows nothing of time limits, which truncate an episode
// but do not end it (Pardo et al. 2018): VectorEnv adds them.
class Env {
 public:
  virtual ~Env() = default;

  virtual const EnvSpec& spec() const = 0;
  // Starts an episode, whose random numbers come from `random` alone.
  virtual void Reset(RngStream random) = 0;
  // `action`: spec().action.width() numbers that the space allows. Writes
  // spec().costs.size() numbers to `costs`. Not after the episode's end.
  struct Outcome {
    double reward = 0;
    bool terminated = false;
  };
  virtual Outcome Step(const double* action, double* costs) = 0;
  // Writes spec().observation.size() numbers.
  virtual void Observe(double* observation) const = 0;
  // Writes spec().action.all_choices() flags; only where the space is masked.
  // At least one choice of every head is allowed.
  virtual void Allow(uint8_t* allowed) const;
  // The action that leaves everything as it is now; empty: there is none.
  virtual std::vector<double> Staying() const { return {}; }
  // The state within an episode; an environment that loads it goes on bit by
  // bit as the one that saved it.
  virtual nlohmann::json Save() const = 0;
  // Throws InputError for what Save() did not write.
  virtual void Load(const nlohmann::json& state) = 0;
};

}  // namespace airlock
