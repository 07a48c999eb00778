#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/env/env.h"
#include "agents/policy/mlp.h"
#include "agents/policy/normaliser.h"
#include "sim/base/rng.h"

namespace airlock {

// How an action is drawn from a network's outputs.
enum class ActionDistribution {
  kCategorical,  // outputs are logits, the heads' one after the other
  kGaussian,     // outputs are means in the box's unit; one log sd a number
  // outputs are means, then log standard deviations, of a normal number that
  // tanh brings into the box (Haarnoja et al. 2018)
  kSquashedGaussian,
  // outputs are the values of the choices of one head (Mnih et al. 2015)
  kGreedy,
};
const char* ToString(ActionDistribution distribution);
bool Parse(const std::string& text, ActionDistribution* distribution);

// A trained policy: what was observed, normalised, through a network, to an
// action. Immutable; evaluated in double precision by Eigen alone, so that it
// runs in the simulation, in the gate and on a node. Equal inputs give equal
// bits (Mlp).
class Policy {
 public:
  struct Parts {
    EnvSpec spec;  // name, layout and box of what it was trained in
    Normaliser normaliser;
    ActionDistribution distribution = ActionDistribution::kCategorical;
    std::vector<double> log_deviation;  // of kGaussian, else empty
    Mlp network;
  };
  // Throws InputError if the parts do not fit each other.
  explicit Policy(Parts parts);

  const EnvSpec& spec() const { return parts_.spec; }
  const Normaliser& normaliser() const { return parts_.normaliser; }
  ActionDistribution distribution() const { return parts_.distribution; }
  const Mlp& network() const { return parts_.network; }
  // Doubles that an evaluation needs as scratch, not shared between threads.
  int64_t scratch_size() const;

  // Draws an action for `observation`; `allowed` as Env::Allow() writes it,
  // null where nothing is forbidden. With probability `random_share` (of
  // kGreedy only, else 0) it is uniform over what is allowed. Returns the log
  // of the action's probability or density; 0 for kGreedy. The same number of
  // random numbers is drawn whatever they are, but for kGreedy.
  // kSquashedGaussian: the density of the action in the box's unit.
  double Sample(const double* observation, const uint8_t* allowed,
                double random_share, RngStream* rng, double* action,
                double* scratch) const;
  // The most probable action (of a box: the mean's). The first of equals.
  void Mode(const double* observation, const uint8_t* allowed, double* action,
            double* scratch) const;

  // {"format", "spec", "distribution", "normaliser", "network", ...}
  nlohmann::json ToJson() const;
  // Throws InputError that says what is missing or wrong.
  static Policy FromJson(const nlohmann::json& json);

 private:
  // The network's outputs, which lie in `scratch`.
  double* Evaluate(const double* observation, double* scratch) const;
  double SampleHeads(const double* logits, const uint8_t* allowed,
                     RngStream* rng, double* action) const;
  double SampleBox(const double* outputs, RngStream* rng, double* action) const;
  double SampleGreedy(const double* values, const uint8_t* allowed,
                      double random_share, RngStream* rng,
                      double* action) const;

  Parts parts_;
};

nlohmann::json ToJson(const EnvSpec& spec);
// Throws InputError that says what is missing or wrong.
EnvSpec EnvSpecFromJson(const nlohmann::json& json);

}  // namespace airlock
