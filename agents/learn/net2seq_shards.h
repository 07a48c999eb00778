#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agents/learn/net2seq_options.h"
#include "agents/learn/net2seq_rollout.h"
#include "sim/base/forked_process.h"

namespace airlock {

// A batch of networks in parts (shards), each of which gives a gradient of its
// own; processes share the shards among them. What is computed depends on the
// number of shards and not on that of processes.
class Net2SeqShards {
 public:
  struct Sums {  // of one iteration
    double regret = 0;
    double entropy = 0;
    double critic_error = 0;    // mean square
    double selector_error = 0;  // mean square
    double cpu_seconds = 0;     // of all processes since they began
  };

  // Forks processes - 1 workers. `network` gives shapes; weights come with
  // every iteration.
  Net2SeqShards(const Net2SeqOptions& options, const NoiseOptions& noise,
                uint64_t seed, const Scenario& scenario,
                const Net2SeqNetwork& network);
  ~Net2SeqShards();
  Net2SeqShards(const Net2SeqShards&) = delete;
  Net2SeqShards& operator=(const Net2SeqShards&) = delete;

  // The mean of the shards' gradients for these weights, in one row each as
  // Net2SeqTensors::parameters() has them; the networks move on by a slot.
  // Throws Error if a process fails.
  Sums Compute(int64_t iteration, const std::vector<at::Tensor>& weights,
               std::vector<at::Tensor>* gradients);

  // Of all networks of the batch.
  std::vector<Net2SeqPosition> positions() const;
  void MoveTo(const std::vector<Net2SeqPosition>& positions);

 private:
  struct Shared;  // memory of all processes, in the .cc
  struct Part;    // one shard: its networks

  void Work(int64_t process);
  void ComputeOwn(int64_t process);
  void MoveOwn();
  void Explore(const Net2SeqSampling& sampling, Part* part);
  void ComputePart(Part* part);
  void Serve(int64_t process, int requests, int answers);
  void Ask(char what);

  const Net2SeqOptions options_;
  const NoiseOptions noise_;
  const uint64_t seed_;
  const Scenario scenario_;
  const ChannelTable table_;
  const Net2SeqChannels channels_;
  Net2SeqNetwork network_;
  std::unique_ptr<Net2SeqTensors> tensors_;
  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Part>> parts_;  // own ones; others null
  std::vector<std::unique_ptr<ForkedProcess>> workers_;
};

}  // namespace airlock
