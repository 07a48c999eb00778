#include "sim/packet/flow_rounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

std::vector<int64_t> LeafOfHosts(const DatacentreNetwork& network) {
  std::vector<int64_t> leaf_of;
  for (int64_t i = 0; i < network.hosts(); ++i) {
    leaf_of.push_back(network.leaf(i));
  }
  return leaf_of;
}

// Asks for the flows of a round when the last one's are used up.
class Rounds : public FlowSource {
 public:
  Rounds(const FabricWorkload& config, RngStream stream)
      : config_(config), stream_(std::move(stream)) {}

  std::optional<NewFlow> Next() override {
    if (next_ == flows_.size()) {
      const bool another = round_ == 0 || config_.interval.has_value();
      if (!another) return std::nullopt;
      Begin();
    }
    return flows_[next_++];
  }

 protected:
  // Adds the flows of a round, with Add().
  virtual void Draw(RngStream* stream) = 0;

  void Add(int64_t from, int64_t to) {
    const auto spread = static_cast<uint64_t>(config_.stagger.value());
    const SimTime wait = Nanoseconds(
        spread == 0 ? 0 : static_cast<int64_t>(stream_.UniformInt(spread)));
    flows_.push_back({start_ + wait, from, to, config_.request, round_});
  }
  const FabricWorkload& config() const { return config_; }

 private:
  void Begin() {
    flows_.clear();
    next_ = 0;
    start_ = config_.interval ? SimTime(config_.interval->value() * round_)
                              : SimTime();
    Draw(&stream_);
    ++round_;
    // A stagger longer than the interval would run into the next round.
    for (NewFlow& flow : flows_) flow.start = std::max(flow.start, last_);
    std::stable_sort(
        flows_.begin(), flows_.end(),
        [](const NewFlow& a, const NewFlow& b) { return a.start < b.start; });
    last_ = flows_.back().start;
  }

  FabricWorkload config_;
  RngStream stream_;
  int64_t round_ = 0;
  SimTime start_;
  SimTime last_;
  std::vector<NewFlow> flows_;  // of this round
  size_t next_ = 0;
};

class Permutation : public Rounds {
 public:
  Permutation(const FabricWorkload& config, const DatacentreNetwork& network,
              RngStream stream)
      : Rounds(config, std::move(stream)), leaf_of_(LeafOfHosts(network)) {}

 private:
  void Draw(RngStream* stream) override {
    const std::vector<int64_t> to = CrossLeafPermutation(leaf_of_, stream);
    for (size_t host = 0; host < to.size(); ++host) {
      for (int64_t i = 0; i < config().flows; ++i) {
        Add(static_cast<int64_t>(host), to[host]);
      }
    }
  }

  std::vector<int64_t> leaf_of_;
};

// The senders are drawn without repetition until every host but the receiver
// sends once, then again.
class Incast : public Rounds {
 public:
  Incast(const FabricWorkload& config, const DatacentreNetwork& network,
         RngStream stream)
      : Rounds(config, std::move(stream)), hosts_(network.hosts()) {}

 private:
  void Draw(RngStream* stream) override {
    std::vector<int64_t> left;
    for (int64_t i = 0; i < config().flows; ++i) {
      if (left.empty()) {
        for (int64_t host = 0; host < hosts_; ++host) {
          if (host != config().receiver) left.push_back(host);
        }
      }
      const auto drawn = left.begin() + static_cast<std::ptrdiff_t>(
                                            stream->UniformInt(left.size()));
      Add(*drawn, config().receiver);
      left.erase(drawn);
    }
  }

  int64_t hosts_;
};

class AllToAll : public Rounds {
 public:
  AllToAll(const FabricWorkload& config, const DatacentreNetwork& network,
           RngStream stream)
      : Rounds(config, std::move(stream)), hosts_(network.hosts()) {}

 private:
  void Draw(RngStream* /*stream*/) override {
    for (int64_t from = 0; from < hosts_; ++from) {
      for (int64_t to = 0; to < hosts_; ++to) {
        if (from != to) Add(from, to);
      }
    }
  }

  int64_t hosts_;
};

}  // namespace

std::vector<int64_t> CrossLeafPermutation(const std::vector<int64_t>& leaf_of,
                                          RngStream* stream) {
  const size_t n = leaf_of.size();
  AIRLOCK_CHECK(n >= 2, "{} hosts", n);
  const bool several =
      std::set<int64_t>(leaf_of.begin(), leaf_of.end()).size() > 1;
  std::vector<int64_t> to(n);
  std::iota(to.begin(), to.end(), 0);
  for (size_t i = n - 1; i > 0; --i) {  // Fisher and Yates
    std::swap(to[i], to[stream->UniformInt(i + 1)]);
  }
  const auto allowed = [&](size_t from, int64_t host) {
    const size_t target = static_cast<size_t>(host);
    return several ? leaf_of[from] != leaf_of[target] : from != target;
  };
  // Swap what is not allowed with a random partner that makes both allowed.
  // One always exists: leaf A has as many targets as hosts, so where a host of
  // A is sent to A, a host elsewhere is not.
  for (size_t i = 0; i < n; ++i) {
    while (!allowed(i, to[i])) {
      const size_t j = stream->UniformInt(n);
      if (!allowed(i, to[j]) || !allowed(j, to[i])) continue;
      std::swap(to[i], to[j]);
    }
  }
  return to;
}

std::unique_ptr<FlowSource> CreatePermutation(const FabricWorkload& config,
                                              const DatacentreNetwork& network,
                                              const RngTree& rng,
                                              Replication replication) {
  return std::make_unique<Permutation>(
      config, network, rng.Stream("workload/permutation", replication));
}

std::unique_ptr<FlowSource> CreateIncast(const FabricWorkload& config,
                                         const DatacentreNetwork& network,
                                         const RngTree& rng,
                                         Replication replication) {
  if (config.receiver < 0 || config.receiver >= network.hosts()) {
    throw InputError(
        fmt::format("traffic.receiver: there is no host {}; the network has {}",
                    config.receiver, network.hosts()));
  }
  return std::make_unique<Incast>(config, network,
                                  rng.Stream("workload/incast", replication));
}

std::unique_ptr<FlowSource> CreateAllToAll(const FabricWorkload& config,
                                           const DatacentreNetwork& network,
                                           const RngTree& rng,
                                           Replication replication) {
  return std::make_unique<AllToAll>(
      config, network, rng.Stream("workload/all-to-all", replication));
}

}  // namespace airlock
