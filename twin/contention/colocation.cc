#include "twin/contention/colocation.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/base/error.h"
#include "sim/server/run_servers.h"

namespace airlock {
namespace {

constexpr double kBeyondSaturation = 1.2;
constexpr double kSaturated = 0.99;  // of what is offered: above, it is not

const FunctionConfig& FunctionOf(const ServersConfig& servers, size_t chain) {
  const std::string& name = servers.chains[chain].path.front();
  for (const FunctionConfig& function : servers.functions) {
    if (function.name == name) return function;
  }
  AIRLOCK_CHECK(false, "{}", name);
  return servers.functions.front();
}

// Behind the settling of the contention: the last three fifths of a run.
int64_t SamplesOf(const Trace& series) {
  return std::max<int64_t>(1, series.samples() * 3 / 5);
}

int64_t Used(const ServersConfig& servers) {
  return static_cast<int64_t>(servers.functions.size() +
                              servers.competitors.size());
}

}  // namespace

std::optional<ColocationBench> ColocationBench::Make(
    const ResolvedScenario& scenario, Diagnostics* diagnostics) {
  const auto& datacentre = scenario.scenario().datacentre;
  bool usable = true;
  const auto refuse = [&](const std::string& key, const std::string& found,
                          const std::string& allowed) {
    scenario.Report(key, found + "; a study of co-locations takes " + allowed,
                    "", diagnostics);
    usable = false;
  };
  if (!datacentre || !datacentre->servers) {
    refuse("", "no datacentre.servers", "a scenario with servers");
    return std::nullopt;
  }
  const ServersConfig& servers = *datacentre->servers;
  const std::string key = "datacentre.servers.";
  if (servers.machines.size() != 1) {
    refuse(key + "machines",
           fmt::format("{} machines", servers.machines.size()), "one");
  }
  if (servers.chains.size() < 2) {
    refuse(key + "chains", "one chain", "two or more");
  }
  std::set<std::string> functions;
  for (size_t i = 0; i < servers.chains.size(); ++i) {
    const ServiceChainConfig& chain = servers.chains[i];
    const std::string at = fmt::format("{}chains[{}]", key, i);
    if (chain.path.size() != 1) {
      refuse(at,
             fmt::format("chain '{}' is no path of one function", chain.name),
             "chains of one");
    }
    if (chain.path.size() == 1 && !functions.insert(chain.path[0]).second) {
      refuse(at,
             fmt::format("chain '{}' passes '{}', as another one does",
                         chain.name, chain.path[0]),
             "functions of one chain each");
    }
    if (chain.load.kind != "constant") {
      refuse(at + ".load.kind",
             fmt::format("chain '{}' has a load of kind {}", chain.name,
                         chain.load.kind),
             "constant ones");
    }
  }
  if (!usable) return std::nullopt;
  return ColocationBench(scenario.scenario().run, servers);
}

std::vector<std::string> ColocationBench::functions() const {
  std::vector<std::string> names;
  for (const ServiceChainConfig& chain : base_.chains) {
    names.push_back(chain.path.front());
  }
  return names;
}

Competitor ColocationBench::AsCompetitor(const Workload& workload) const {
  return {base_.chains[workload.chain].path.front(), workload.traffic};
}

void ColocationBench::Add(const Workload& workload, double packets_per_second,
                          ServersConfig* servers) const {
  const int64_t core = Used(*servers);
  FunctionConfig function = FunctionOf(base_, workload.chain);
  function.name = fmt::format("{}-{}", function.name, core);
  function.machine = base_.machines.front().name;
  function.cores = {core};
  ServiceChainConfig chain = base_.chains[workload.chain];
  chain.name = function.name;
  chain.path = {function.name};
  chain.flows = static_cast<int64_t>(workload.traffic.flows);
  const auto bytes = static_cast<int64_t>(workload.traffic.packet_bytes);
  chain.packet_sizes = {{DataSize(bytes), Ratio(1)}};
  chain.load.rate = Bandwidth(
      std::llround(packets_per_second * 8 * static_cast<double>(bytes)));
  servers->functions.push_back(std::move(function));
  servers->chains.push_back(std::move(chain));
}

void ColocationBench::AddSynthetic(const SyntheticLoad& load,
                                   ServersConfig* servers) const {
  for (int64_t i = 0; i < load.number; ++i) {
    const int64_t core = Used(*servers);
    CompetitorConfig competitor;
    if (!base_.competitors.empty()) competitor = base_.competitors.front();
    competitor.name = fmt::format("synthetic-{}", core);
    competitor.machine = base_.machines.front().name;
    competitor.cores = {core};
    competitor.working_set = DataSize(load.working_set_bytes);
    competitor.reads_per_second = load.reads_per_second;
    competitor.start = SimTime();
    competitor.stop.reset();
    servers->competitors.push_back(std::move(competitor));
  }
}

double ColocationBench::SaturatingRate(const Workload& workload) const {
  const double offered =
      static_cast<double>(base_.chains[workload.chain].load.rate.value()) / 8 /
      workload.traffic.packet_bytes;
  const double served =
      Run({workload, {}, {}}, {offered}).target_packets_per_second;
  if (served > kSaturated * offered) {
    throw InputError(fmt::format(
        "datacentre.servers.chains: '{}' is not saturated by packets of {} B "
        "at {}; a study of co-locations asks what a function gets through at "
        "most",
        base_.chains[workload.chain].name, workload.traffic.packet_bytes,
        ToString(base_.chains[workload.chain].load.rate)));
  }
  return kBeyondSaturation * served;
}

ColocationMeasurement ColocationBench::Run(
    const Colocation& colocation, const std::vector<double>& offered) const {
  ServersConfig servers = base_;
  servers.functions.clear();
  servers.chains.clear();
  servers.competitors.clear();
  AIRLOCK_CHECK(offered.size() == 1 + colocation.competitors.size() ||
                (colocation.competitors.empty() && offered.empty()));
  if (colocation.target) Add(*colocation.target, offered.front(), &servers);
  for (size_t i = 0; i < colocation.competitors.size(); ++i) {
    Add(colocation.competitors[i], offered[i + 1], &servers);
  }
  AddSynthetic(colocation.synthetic, &servers);
  AIRLOCK_CHECK(Used(servers) <= cores(), "{}", Used(servers));
  const Trace series = RunServers(run_, servers, Replication(0)).series;

  ColocationMeasurement measured;
  measured.target_packets_per_second = std::nan("");
  const int64_t samples = SamplesOf(series);
  if (colocation.target) {
    measured.target_packets_per_second =
        MeanOfLast(series.Get("chain." + servers.chains.front().name +
                              ".delivered_packet_rate"),
                   samples);
  }
  const int64_t first = colocation.target ? 1 : 0;
  const int64_t number = Used(servers) - first;
  for (int64_t i = 0; i < number; ++i) {
    measured.competitors.push_back(
        ContentionOf(series,
                     {fmt::format("core.{}", first + i), "socket.0",
                      1 / static_cast<double>(number)},
                     samples));
  }
  return measured;
}

}  // namespace airlock
