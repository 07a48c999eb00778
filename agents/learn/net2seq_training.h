#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agents/learn/net2seq_options.h"
#include "agents/learn/training.h"
#include "agents/learn/training_task.h"
#include "agents/policy/net2seq_network.h"
#include "sim/scenario/scenario.h"
#include "sim/surrogate/airtime_scenario.h"

namespace airlock {

// The network that a training begins with: weights uniform within
// 1 / sqrt(inputs), as torch's Linear draws them. Throws InputError as
// CheckOptions() and CheckGenerates().
Net2SeqNetwork FirstNetwork(const Net2SeqOptions& options,
                            const Scenario& scenario, uint64_t seed);

// Trains net2seq (Iacoboaiea et al., IFIP Networking 2021) on the airtime
// model: an actor-critic whose critic is learnt by TD(0), with the Selector
// beside them. Networks are as the scenario describes them, of seeds from
// 1 000 000 on. The best policy is that of the lowest regret on the validation
// networks, without the Selector. Beside what any training's folder holds:
//   curves.csv  a row for each validation
// and on the card: iterations, steps (decisions: iterations times batch), and
// as evaluation the regret on the test networks with the Selector, beside
// TurboCA's. Knows nothing of torch here.
class Net2SeqRun : public Training {
 public:
  // Starts processes, so it is made before torch has threads
  // (OMP_NUM_THREADS=1). Throws InputError as FirstNetwork() and
  // TrainingFolder.
  Net2SeqRun(const TrainingTask& task, const Scenario& scenario,
             const TrainingJob& job);
  ~Net2SeqRun() override;
  Net2SeqRun(const Net2SeqRun&) = delete;
  Net2SeqRun& operator=(const Net2SeqRun&) = delete;

  ExitCode Run(const std::function<bool()>& stop,
               const Report& report) override;
  const nlohmann::json& card() const override;
  std::string Summary() const override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

// By network of the set: the mean regret of an access point in one of the first
// `slots` slots, of the most probable plans (`plans` 0) or of the Selector's
// among so many.
std::vector<double> JudgeNet2Seq(const Net2SeqNetwork& network,
                                 const Scenario& scenario, int64_t plans,
                                 const InstanceSet& set, int64_t slots);

}  // namespace airlock
