#include "agents/learn/net2seq_shards.h"

#include <ATen/Parallel.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>

#include "sim/base/error.h"
#include "sim/surrogate/airtime_scenario.h"

namespace airlock {
namespace {

constexpr size_t kMostText = 1024;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) +
           1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

at::Tensor Column(const std::vector<int64_t>& from) {
  at::Tensor tensor = at::empty({static_cast<int64_t>(from.size())}, at::kLong);
  std::copy(from.begin(), from.end(), tensor.data_ptr<int64_t>());
  return tensor;
}

at::Tensor Column(const std::vector<float>& from) {
  at::Tensor tensor =
      at::empty({static_cast<int64_t>(from.size())}, at::kFloat);
  std::copy(from.begin(), from.end(), tensor.data_ptr<float>());
  return tensor;
}

// Cross entropy with the teacher's choices, each as probable as another.
at::Tensor ImitationLoss(const at::Tensor& log_p, const Net2SeqChoices& choices,
                         int64_t assignments) {
  std::vector<int64_t> places;
  std::vector<float> shares;
  const int64_t width = log_p.size(1);
  size_t next = 0;
  for (size_t s = 0; s < choices.access_points.size(); ++s) {
    const int64_t open = choices.access_points[s];
    for (int64_t i = 0; i < open; ++i) {
      places.push_back(static_cast<int64_t>(s) * width + i * assignments +
                       choices.taught[next++]);
      shares.push_back(1 / static_cast<float>(open));
    }
  }
  const at::Tensor taught = log_p.reshape({-1}).index_select(0, Column(places));
  return -(taught * Column(shares)).sum() /
         static_cast<double>(choices.access_points.size());
}

// Its gradient lowers the regret, in units of the advantages' own size.
at::Tensor RegretLoss(const at::Tensor& log_p, const Net2SeqChoices& choices) {
  const at::Tensor advantages = Column(choices.advantages);
  const at::Tensor scale = advantages.square().mean().sqrt() + 1e-6;
  const at::Tensor chosen =
      log_p.gather(1, Column(choices.chosen).unsqueeze(1)).squeeze(1);
  return (chosen * advantages / scale).mean();
}

at::Tensor SquaredError(const Net2SeqTensors& tensors,
                        const Net2SeqPlans& plans, bool selector) {
  return (tensors.Values(plans, selector) - Column(plans.targets))
      .square()
      .mean();
}

}  // namespace

// Plain memory that all processes map: who writes what when is settled by the
// messages between them.
struct Net2SeqShards::Shared {
  struct Header {
    int64_t iteration;
    char error[kMostText];  // of the worker that failed
  };

  Shared(int64_t parameters, int64_t shards, int64_t batch, int64_t size,
         int64_t processes)
      : parameters(parameters), size(size) {
    const size_t bytes = sizeof(Header) + sizeof(Sums) * shards +
                         sizeof(double) * processes +
                         sizeof(int64_t) * batch * (2 + size) +
                         sizeof(float) * parameters * (1 + shards) + 64;
    mapped = bytes;
    void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      throw Error(
          fmt::format("cannot map {} bytes: {}", bytes, std::strerror(errno)));
    }
    start = memory;
    header = new (memory) Header();
    sums = reinterpret_cast<Sums*>(header + 1);
    cpu = reinterpret_cast<double*>(sums + shards);
    positions = reinterpret_cast<int64_t*>(cpu + processes);
    weights = reinterpret_cast<float*>(positions + batch * (2 + size));
    gradients = weights + parameters;
  }
  ~Shared() { munmap(start, mapped); }

  Net2SeqPosition PositionOf(int64_t network) const {
    const int64_t* from = position(network);
    Net2SeqPosition read{from[0], from[1], {}};
    read.plan.assign(from + 2, from + 2 + size);
    return read;
  }

  int64_t* position(int64_t network) const {
    return positions + network * (2 + size);
  }

  int64_t parameters;
  int64_t size;  // access points of a network
  size_t mapped = 0;
  void* start = nullptr;
  Header* header = nullptr;
  Sums* sums = nullptr;          // [shard]
  double* cpu = nullptr;         // [process]
  int64_t* positions = nullptr;  // [network][instance, slot, plan ...]
  float* weights = nullptr;
  float* gradients = nullptr;  // [shard][parameter]
};

struct Net2SeqShards::Part {
  int64_t shard = 0;
  int64_t first = 0;  // network of the batch
  std::vector<std::unique_ptr<Net2SeqInstance>> networks;
  Net2SeqExperience experience;
};

Net2SeqShards::Net2SeqShards(const Net2SeqOptions& options,
                             const NoiseOptions& noise, uint64_t seed,
                             const Scenario& scenario,
                             const Net2SeqNetwork& network)
    : options_(options),
      noise_(noise),
      seed_(seed),
      scenario_(scenario),
      table_(AllowedChannels(*scenario.wlan)),
      channels_(table_),
      network_(network) {
  int64_t parameters = 0;
  for (const Net2SeqLayer& layer : network.layers) {
    parameters += layer.weights.size() + layer.bias.size();
  }
  shared_ = std::make_unique<Shared>(parameters, options.shards, options.batch,
                                     scenario.wlan->generated->access_points,
                                     options.processes);
  std::signal(SIGPIPE, SIG_IGN);
  for (int64_t process = 1; process < options.processes; ++process) {
    workers_.push_back(std::make_unique<ForkedProcess>(
        [this, process](int requests, int answers) {
          Serve(process, requests, answers);
        }));
  }
  Work(0);
}

Net2SeqShards::~Net2SeqShards() = default;

// Makes the networks of the shards that this process has.
void Net2SeqShards::Work(int64_t process) {
  at::set_num_threads(1);
  tensors_ = std::make_unique<Net2SeqTensors>(network_, channels_);
  const int64_t each = options_.batch / options_.shards;
  for (int64_t shard = 0; shard < options_.shards; ++shard) {
    parts_.push_back(nullptr);
    if (shard % options_.processes != process) continue;
    auto part = std::make_unique<Part>();
    part->shard = shard;
    part->first = shard * each;
    for (int64_t n = 0; n < each; ++n) {
      part->networks.push_back(std::make_unique<Net2SeqInstance>(
          &scenario_, &channels_, &table_, static_cast<int>(options_.history),
          part->first + n, options_.batch, options_.slots_per_network));
    }
    parts_.back() = std::move(part);
  }
}

void Net2SeqShards::Serve(int64_t process, int requests, int answers) {
  bool made = false;
  for (char what = 0; read(requests, &what, 1) == 1;) {
    char answer = 'd';
    try {
      if (!made) Work(process);
      made = true;
      what == 'm' ? MoveOwn() : ComputeOwn(process);
    } catch (const std::exception& error) {
      std::strncpy(shared_->header->error, error.what(), kMostText - 1);
      answer = 'e';
    }
    if (write(answers, &answer, 1) != 1) return;
  }
}

// Has all workers do something while this process does its own part.
void Net2SeqShards::Ask(char what) {
  for (const auto& worker : workers_) {
    if (write(worker->requests(), &what, 1) != 1) {
      throw Error("a training process has died");
    }
  }
  what == 'm' ? MoveOwn() : ComputeOwn(0);
  for (const auto& worker : workers_) {
    char answer = 0;
    if (read(worker->answers(), &answer, 1) != 1) {
      throw Error("a training process has died");
    }
    if (answer == 'e') throw Error(shared_->header->error);
  }
}

void Net2SeqShards::MoveOwn() {
  for (const auto& part : parts_) {
    if (part == nullptr) continue;
    for (size_t n = 0; n < part->networks.size(); ++n) {
      part->networks[n]->MoveTo(
          shared_->PositionOf(part->first + static_cast<int64_t>(n)));
    }
  }
}

void Net2SeqShards::ComputeOwn(int64_t process) {
  {
    const at::NoGradGuard no_gradients;
    const float* from = shared_->weights;
    for (const at::Tensor& parameter : tensors_->parameters()) {
      std::memcpy(parameter.data_ptr(), from, parameter.nbytes());
      from += parameter.numel();
    }
  }
  tensors_->CopyTo(&network_);
  for (const auto& part : parts_) {
    if (part != nullptr) ComputePart(part.get());
  }
  shared_->cpu[process] = CpuSeconds();
}

// Draws plans in all networks of the part and moves these on.
void Net2SeqShards::Explore(const Net2SeqSampling& sampling, Part* part) {
  const int64_t iteration = shared_->header->iteration;
  part->experience.Clear();
  const RngTree tree(seed_);
  const std::string name = fmt::format("net2seq/iteration {}", iteration);
  for (size_t n = 0; n < part->networks.size(); ++n) {
    const auto number = part->first + static_cast<int64_t>(n);
    RngStream rng = tree.Stream(name, Replication(number));
    RngStream noise = RngTree(noise_.seed).Stream(name, Replication(number));
    part->networks[n]->Decide(network_, sampling, &rng, &noise,
                              &part->experience);
    int64_t* to = shared_->position(number);
    const Net2SeqPosition& position = part->networks[n]->position();
    to[0] = position.instance;
    to[1] = position.slot;
    std::copy(position.plan.begin(), position.plan.end(), to + 2);
  }
}

void Net2SeqShards::ComputePart(Part* part) {
  Net2SeqSampling sampling;
  sampling.gamma = options_.gamma;
  sampling.plans = options_.plans;
  sampling.steps = options_.steps;
  sampling.noise = noise_;
  sampling.imitate = shared_->header->iteration < options_.imitation_iterations;
  Explore(sampling, part);
  const Net2SeqExperience& experience = part->experience;
  const Net2SeqChoices& choices = experience.choices;
  const at::Tensor log_p = tensors_->LogProbabilities(choices);
  const at::Tensor entropy = -(log_p.exp() * log_p).sum(1).mean();
  const at::Tensor loss =
      sampling.imitate
          ? ImitationLoss(log_p, choices, channels_.assignments())
          : RegretLoss(log_p, choices) - options_.entropy_weight * entropy;
  const at::Tensor value_error =
      SquaredError(*tensors_, experience.values, false);
  const at::Tensor judgment_error =
      SquaredError(*tensors_, experience.judgments, true);
  for (const at::Tensor& parameter : tensors_->parameters()) {
    parameter.mutable_grad() = at::Tensor();
  }
  (loss + value_error + judgment_error).backward();
  float* to = shared_->gradients + part->shard * shared_->parameters;
  for (const at::Tensor& parameter : tensors_->parameters()) {
    const at::Tensor& gradient = parameter.grad();
    if (gradient.defined()) {
      const at::Tensor plain = gradient.contiguous();
      std::memcpy(to, plain.data_ptr(), plain.nbytes());
    } else {
      std::fill_n(to, parameter.numel(), 0.0F);
    }
    to += parameter.numel();
  }
  Sums& sums = shared_->sums[part->shard];
  sums.regret = experience.regret / static_cast<double>(experience.decisions);
  sums.entropy = entropy.item<double>();
  sums.critic_error = value_error.item<double>();
  sums.selector_error = judgment_error.item<double>();
}

Net2SeqShards::Sums Net2SeqShards::Compute(
    int64_t iteration, const std::vector<at::Tensor>& weights,
    std::vector<at::Tensor>* gradients) {
  shared_->header->iteration = iteration;
  float* to = shared_->weights;
  for (const at::Tensor& weight : weights) {
    std::memcpy(to, weight.data_ptr(), weight.nbytes());
    to += weight.numel();
  }
  Ask('c');
  const auto shards = static_cast<double>(options_.shards);
  int64_t first = 0;
  gradients->clear();
  for (const at::Tensor& weight : weights) {
    at::Tensor gradient = at::empty(weight.sizes(), at::kFloat);
    float* const sum = gradient.data_ptr<float>();
    for (int64_t p = 0; p < weight.numel(); ++p) {
      double value = 0;
      for (int64_t shard = 0; shard < options_.shards; ++shard) {
        value += shared_->gradients[shard * shared_->parameters + first + p];
      }
      sum[p] = static_cast<float>(value / shards);
    }
    first += weight.numel();
    gradients->push_back(gradient);
  }
  Sums mean;
  for (int64_t shard = 0; shard < options_.shards; ++shard) {
    mean.regret += shared_->sums[shard].regret / shards;
    mean.entropy += shared_->sums[shard].entropy / shards;
    mean.critic_error += shared_->sums[shard].critic_error / shards;
    mean.selector_error += shared_->sums[shard].selector_error / shards;
  }
  for (int64_t p = 0; p < options_.processes; ++p) {
    mean.cpu_seconds += shared_->cpu[p];
  }
  return mean;
}

std::vector<Net2SeqPosition> Net2SeqShards::positions() const {
  std::vector<Net2SeqPosition> all;
  for (int64_t n = 0; n < options_.batch; ++n) {
    all.push_back(shared_->PositionOf(n));
  }
  return all;
}

void Net2SeqShards::MoveTo(const std::vector<Net2SeqPosition>& positions) {
  if (static_cast<int64_t>(positions.size()) != options_.batch) {
    throw InputError(fmt::format("checkpoint: {} networks; the batch has {}",
                                 positions.size(), options_.batch));
  }
  for (int64_t n = 0; n < options_.batch; ++n) {
    const Net2SeqPosition& position = positions[n];
    if (static_cast<int64_t>(position.plan.size()) != shared_->size) {
      throw InputError("checkpoint: networks of another size");
    }
    int64_t* to = shared_->position(n);
    to[0] = position.instance;
    to[1] = position.slot;
    std::copy(position.plan.begin(), position.plan.end(), to + 2);
  }
  Ask('m');
}

}  // namespace airlock
