#include "sim/packet/flow_arrivals.h"

#include <algorithm>
#include <map>
#include <queue>

#include "sim/base/error.h"
#include "sim/workload/flow_files.h"

namespace airlock {
namespace {

constexpr double kBitsPerByte = 8;

// What `read` makes of a file that was found good before the run.
template <typename Read>
auto ReadAgain(Read read) {
  Diagnostics diagnostics;
  auto value = read(&diagnostics);
  if (!value) throw InputError(diagnostics.Format());
  return std::move(*value);
}

FlowSizes SizesOf(const FabricWorkload& config) {
  if (config.sizes_file.empty()) return FindFlowSizes(config.sizes);
  return ReadAgain([&](Diagnostics* diagnostics) {
    return ReadFlowSizes(config.sizes_file, diagnostics);
  });
}

class Poisson : public FlowSource {
 public:
  Poisson(const FabricWorkload& config, const DatacentreNetwork& network,
          const RngTree& rng, Replication replication)
      : sizes_(SizesOf(config)) {
    for (int64_t host = 0; host < network.hosts(); ++host) {
      const double bits_per_second =
          config.load.value() *
          static_cast<double>(network.link_rate(host).value());
      hosts_.push_back(
          {rng.Stream(fmt::format("workload/poisson/{}", host), replication),
           kBitsPerByte * sizes_.MeanBytes() / bits_per_second});
      Schedule(SimTime(), host);
    }
  }

  std::optional<NewFlow> Next() override {
    const auto [time, host] = arrivals_.top();
    arrivals_.pop();
    RngStream& stream = hosts_[static_cast<size_t>(host)].stream;
    NewFlow flow{time, host, 0, sizes_.Draw(&stream)};
    // Any other host, each equally likely.
    flow.to = static_cast<int64_t>(
        stream.UniformInt(static_cast<uint64_t>(hosts_.size() - 1)));
    if (flow.to >= host) ++flow.to;
    Schedule(time, host);
    return flow;
  }

 private:
  struct Host {
    RngStream stream;
    double mean_gap_seconds;
  };
  using Arrival = std::pair<SimTime, int64_t>;  // and host

  void Schedule(SimTime after, int64_t index) {
    Host& host = hosts_[static_cast<size_t>(index)];
    arrivals_.push(
        {after + FromSeconds(host.stream.Exponential(host.mean_gap_seconds)),
         index});
  }

  FlowSizes sizes_;
  std::vector<Host> hosts_;
  std::priority_queue<Arrival, std::vector<Arrival>, std::greater<Arrival>>
      arrivals_;
};

class RackTraffic : public FlowSource {
 public:
  RackTraffic(const FabricWorkload& config, const DatacentreNetwork& network,
              RngStream stream)
      : sizes_(SizesOf(config)), stream_(std::move(stream)) {
    std::map<int64_t, std::vector<int64_t>> racks;
    for (int64_t host = 0; host < network.hosts(); ++host) {
      racks[network.leaf(host)].push_back(host);
    }
    for (auto& [leaf, hosts] : racks) racks_.push_back(std::move(hosts));
    matrix_ = ReadAgain([&](Diagnostics* diagnostics) {
      return ReadRackMatrix(config.matrix, diagnostics);
    });
    if (matrix_.racks != racks_.size()) {
      throw InputError(fmt::format("{} has {} racks, the network {}",
                                   config.matrix, matrix_.racks,
                                   racks_.size()));
    }
    double total = 0;
    for (size_t i = 0; i < matrix_.amounts.size(); ++i) {
      const size_t from = i / matrix_.racks;
      const bool alone = i % matrix_.racks == from && racks_[from].size() < 2;
      if (alone) matrix_.amounts[i] = 0;
      total += matrix_.amounts[i];
      up_to_.push_back(total);
    }
    if (total == 0) throw InputError(config.matrix + ": no host sends");
    const double bits_per_second =
        config.load.value() / BusiestShare(network) * total;
    mean_gap_seconds_ = kBitsPerByte * sizes_.MeanBytes() / bits_per_second;
  }

  std::optional<NewFlow> Next() override {
    time_ = time_ + FromSeconds(stream_.Exponential(mean_gap_seconds_));
    NewFlow flow{time_, 0, 0, sizes_.Draw(&stream_)};
    const double at = stream_.Uniform(0, up_to_.back());
    const auto pair = std::upper_bound(up_to_.begin(), up_to_.end() - 1, at);
    const size_t index = static_cast<size_t>(pair - up_to_.begin());
    flow.from = HostOf(index / matrix_.racks);
    do {
      flow.to = HostOf(index % matrix_.racks);
    } while (flow.to == flow.from);
    return flow;
  }

 private:
  // The largest share of a rack's link rates that the amounts, as bit/s, are.
  double BusiestShare(const DatacentreNetwork& network) const {
    double most = 0;
    for (size_t i = 0; i < racks_.size(); ++i) {
      double rate = 0;
      for (int64_t host : racks_[i]) {
        rate += static_cast<double>(network.link_rate(host).value());
      }
      double sent = 0;
      double received = 0;
      for (size_t j = 0; j < racks_.size(); ++j) {
        sent += matrix_.At(i, j);
        received += matrix_.At(j, i);
      }
      most = std::max({most, sent / rate, received / rate});
    }
    return most;
  }

  int64_t HostOf(size_t rack) {
    const std::vector<int64_t>& hosts = racks_[rack];
    return hosts[stream_.UniformInt(hosts.size())];
  }

  FlowSizes sizes_;
  RngStream stream_;
  std::vector<std::vector<int64_t>> racks_;  // their hosts
  RackMatrix matrix_;
  std::vector<double> up_to_;  // sums of amounts
  double mean_gap_seconds_ = 0;
  SimTime time_;
};

class FlowList : public FlowSource {
 public:
  FlowList(const FabricWorkload& config, const DatacentreNetwork& network)
      : flows_(ReadAgain([&](Diagnostics* diagnostics) {
          return ReadFlowList(config.trace, network.hosts(), diagnostics);
        })) {}

  std::optional<NewFlow> Next() override {
    if (next_ == flows_.size()) return std::nullopt;
    const ListedFlow& flow = flows_[next_++];
    return NewFlow{flow.time, flow.from, flow.to, flow.size};
  }

 private:
  std::vector<ListedFlow> flows_;
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<FlowSource> CreatePoisson(const FabricWorkload& config,
                                          const DatacentreNetwork& network,
                                          const RngTree& rng,
                                          Replication replication) {
  return std::make_unique<Poisson>(config, network, rng, replication);
}

std::unique_ptr<FlowSource> CreateRackMatrix(const FabricWorkload& config,
                                             const DatacentreNetwork& network,
                                             const RngTree& rng,
                                             Replication replication) {
  return std::make_unique<RackTraffic>(
      config, network, rng.Stream("workload/rack-matrix", replication));
}

std::unique_ptr<FlowSource> CreateTrace(const FabricWorkload& config,
                                        const DatacentreNetwork& network,
                                        const RngTree& /*rng*/,
                                        Replication /*replication*/) {
  return std::make_unique<FlowList>(config, network);
}

}  // namespace airlock
