#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/policy/net2seq_network.h"
#include "sim/scenario/scenario.h"

// Trains net2seq (Iacoboaiea et al., IFIP Networking 2021) on the airtime
// model: an actor-critic whose critic is learnt by TD(0), with the Selector
// beside them. Knows nothing of torch here.
namespace airlock {

struct Net2SeqTraining {
  int history = 0;  // N_H
  int hidden = 256;
  double gamma = 0.5;  // discount of the regret of later slots
  int64_t iterations = 14400;
  // The first of them imitate dynLS in the states that the actor comes to
  // instead of following the gradient of the regret.
  int64_t imitation_iterations = 0;
  int64_t batch = 32;  // networks side by side
  // Plans drawn in each state. From 2 on each is held against the mean of the
  // others (Kool et al. 2019), step by step less what its earlier steps have
  // brought; 1: against the critic, as the reference does it.
  int64_t plans = 4;
  // Steps of each plan's sequence, drawn, that the gradient is taken of; 0: all
  int64_t steps = 2;
  double learning_rate = 1e-3;  // decays in equal parts to
  double last_learning_rate = 1e-4;
  double entropy_weight = 0.003;
  double longest_gradient = 1;     // of actor, critic and Selector each
  int64_t slots_per_network = 40;  // then another is generated
  int64_t shards = 2;              // parts of a batch, each with its gradient
  int64_t processes = 2;           // at most `shards`; changes no bit
  int64_t validation_interval = 500;  // iterations
  int64_t validation_slots = 72;      // of each of the 16 networks
  int64_t checkpoint_interval = 500;
  int64_t seed = 1;
};

// Throws InputError naming a key that is unknown, of another type or out of
// range. Keys are those above.
Net2SeqTraining Net2SeqTrainingFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const Net2SeqTraining& training);

// How far training has come, for whoever looks on and for the run card.
struct Net2SeqProgress {
  int64_t iteration = 0;    // done
  double regret = 0;        // of drawn plans, mean since the last report
  double entropy = 0;       // of a choice, in nats
  double critic_error = 0;  // root mean square, in regret of an access point
  double selector_error = 0;
  double cpu_seconds = 0;  // of all processes, since the start or resumption
  // Of the network without the Selector on the validation set; NaN: not judged.
  double validation = 0;
  double best_validation = 0;
};

struct Net2SeqOutcome {
  Net2SeqNetwork best;  // by validation
  std::vector<Net2SeqProgress> curve;
};

// Trains on networks as `scenario` (resolved, with wlan.generated) describes
// them, of seeds from 1 000 000 on. `folder`: where checkpoint.cbor and, as
// soon as there is one, best.json are kept; with `resume` it goes on from the
// checkpoint there, and ends with the same bits as a run without an
// interruption. Starts processes, so it is called before torch has threads
// (OMP_NUM_THREADS=1). Throws InputError for a scenario, checkpoint or setting
// that is not usable; Error that names the iteration, the cause and the last
// good checkpoint where a regret or gradient is not a number or a process died.
Net2SeqOutcome TrainNet2Seq(
    const Net2SeqTraining& training, const Scenario& scenario,
    const std::string& folder, bool resume,
    const std::function<void(const Net2SeqProgress&)>& report);

// The mean regret of an access point in a slot on the validation set, of the
// most probable plans (`plans` 0) or of the Selector's among so many.
double ValidateNet2Seq(const Net2SeqNetwork& network, const Scenario& scenario,
                       int64_t plans, int64_t slots);

}  // namespace airlock
