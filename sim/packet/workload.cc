#include "sim/packet/workload.h"

#include <numeric>
#include <set>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

// Senders that start at the same instant stay in step for long.
SimTime StaggeredStart(RngStream* stream) {
  return Nanoseconds(static_cast<int64_t>(stream->UniformInt(1000000)));
}

std::vector<LongFlow> Permutation(const FabricWorkload& config,
                                  const DatacentreNetwork& network,
                                  const RngTree& rng, Replication replication) {
  RngStream stream = rng.Stream("workload/permutation", replication);
  std::vector<int64_t> leaf_of;
  for (int64_t i = 0; i < network.hosts(); ++i) {
    leaf_of.push_back(network.leaf(i));
  }
  const std::vector<int64_t> to = CrossLeafPermutation(leaf_of, &stream);
  std::vector<LongFlow> flows;
  for (int64_t host = 0; host < network.hosts(); ++host) {
    for (int64_t i = 0; i < config.flows; ++i) {
      flows.push_back(
          {host, to[static_cast<size_t>(host)], StaggeredStart(&stream)});
    }
  }
  return flows;
}

// The senders are drawn without repetition until every host but the receiver
// sends once, then again.
std::vector<LongFlow> Incast(const FabricWorkload& config,
                             const DatacentreNetwork& network,
                             const RngTree& rng, Replication replication) {
  if (config.receiver < 0 || config.receiver >= network.hosts()) {
    throw InputError(
        fmt::format("traffic.receiver: there is no host {}; the network has {}",
                    config.receiver, network.hosts()));
  }
  RngStream stream = rng.Stream("workload/incast", replication);
  std::vector<LongFlow> flows;
  std::vector<int64_t> left;
  for (int64_t i = 0; i < config.flows; ++i) {
    if (left.empty()) {
      for (int64_t host = 0; host < network.hosts(); ++host) {
        if (host != config.receiver) left.push_back(host);
      }
    }
    const auto drawn = left.begin() + static_cast<std::ptrdiff_t>(
                                          stream.UniformInt(left.size()));
    flows.push_back({*drawn, config.receiver, StaggeredStart(&stream)});
    left.erase(drawn);
  }
  return flows;
}

}  // namespace

const std::vector<WorkloadKind>& WorkloadKinds() {
  static const std::vector<WorkloadKind> kTable = {
      {"none", nullptr, false, "no TCP traffic"},
      {"permutation", Permutation, false,
       "every host sends long-lived flows to one host of another leaf"},
      {"incast", Incast, false, "long-lived flows to one receiver"},
      {"poisson", nullptr, true,
       "flows of random size arrive at every host for random others"},
  };
  return kTable;
}

const WorkloadKind& FindWorkload(const std::string& name) {
  std::string known;
  for (const WorkloadKind& kind : WorkloadKinds()) {
    if (name == kind.name) return kind;
    known += std::string(known.empty() ? "" : ", ") + kind.name;
  }
  throw InputError("traffic.kind: '" + name +
                   "' is not a workload; known: " + known);
}

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

}  // namespace airlock
