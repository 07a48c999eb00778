#include "sim/server/run_servers.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "sim/base/diagnostics.h"
#include "sim/base/error.h"
#include "sim/server/server_engine.h"
#include "sim/server/server_monitor.h"
#include "sim/surrogate/sampled_scene.h"

namespace airlock {
namespace {

constexpr double kMostSetting = 1e6;  // cores, or a machine's number

std::optional<Trace> ReadTrace(const ServiceChainConfig& chain) {
  ChainConfig config;
  config.workload.load = chain.load;
  return ReadChainTrace(config);
}

// A function that the trace measured and that is not among `names`; empty if
// there is none.
std::string ForeignFunction(const Trace& trace,
                            const std::set<std::string>& names) {
  for (const Column& column : trace.columns) {
    if (column.scope == Scope::kFunction && names.count(column.scope_id) == 0) {
      return column.scope_id;
    }
  }
  return "";
}

class ServersScene : public SampledScene {
 public:
  ServersScene(const RunConfig& run, const ServersConfig& servers)
      : SampledScene(run), servers_(servers) {
    for (const ServiceChainConfig& chain : servers.chains) {
      traces_.push_back(ReadTrace(chain));
    }
  }

  void Apply(const Action& action) override {
    std::vector<Setting> settings;
    for (const auto& [name, value] : action.settings) {
      settings.push_back(Parse(name, value));
    }
    for (const Setting& setting : InOrder(std::move(settings))) Set(setting);
  }

 private:
  std::vector<Column> Begin(const RngTree& tree,
                            Replication replication) override {
    std::vector<const Trace*> traces;
    for (const auto& trace : traces_) {
      traces.push_back(trace ? &*trace : nullptr);
    }
    engine_.emplace(servers_, traces, tree, replication);
    monitor_.emplace(&*engine_, tree, replication);
    return monitor_->columns();
  }

  void Simulate(SimTime until) override { engine_->AdvanceTo(until.value()); }

  std::vector<double> Sample(size_t reader, SimTime /*now*/) override {
    return monitor_->Sample(reader);
  }

  std::vector<std::string> WarmupColumns() const override {
    return monitor_->WarmupColumns();
  }

  std::vector<Metric> Metrics(SimTime warmup) const override {
    return monitor_->Metrics(warmup.value());
  }

  int64_t events() const override { return engine_->events(); }

  struct Setting {
    size_t function = 0;
    bool machine = false;  // else cores
    int64_t number = 0;
  };

  // Each in its turn as soon as there is room: cores and machines that some
  // give up are what others get. Throws where that leads nowhere; nothing has
  // changed then.
  std::vector<Setting> InOrder(std::vector<Setting> pending) const {
    std::vector<Placement> placed = engine_->placement();
    std::vector<Setting> order;
    while (!pending.empty()) {
      std::vector<Setting> blocked;
      std::optional<InputError> why;
      for (const Setting& setting : pending) {
        try {
          Try(setting, &placed);
          order.push_back(setting);
        } catch (const InputError& error) {
          if (!why) why = error;
          blocked.push_back(setting);
        }
      }
      if (blocked.size() == pending.size()) throw *why;
      pending = std::move(blocked);
    }
    return order;
  }

  void Try(const Setting& setting, std::vector<Placement>* placed) const {
    if (setting.machine) {
      engine_->TryMachine(setting.function, setting.number, placed);
    } else {
      engine_->TryCores(setting.function, setting.number, placed);
    }
  }

  void Set(const Setting& setting) {
    if (setting.machine) {
      engine_->SetMachine(setting.function, setting.number);
    } else {
      engine_->SetCores(setting.function, setting.number);
    }
  }

  // "function.NAME.cores" or "function.NAME.machine".
  Setting Parse(const std::string& name, double value) const {
    const auto number = [&] {
      if (value >= 0 && value <= kMostSetting && value == std::floor(value)) {
        return static_cast<int64_t>(value);
      }
      throw InputError(fmt::format("{}: {} is no whole number from 0 to {}",
                                   name, value, kMostSetting));
    };
    for (size_t i = 0; i < servers_.functions.size(); ++i) {
      const std::string prefix = "function." + servers_.functions[i].name + ".";
      if (name == prefix + "cores") return {i, false, number()};
      if (name == prefix + "machine") return {i, true, number()};
    }
    throw InputError("this scenario has no setting '" + name +
                     "'; it has function.NAME.cores and function.NAME.machine "
                     "of its functions");
  }

  const ServersConfig servers_;
  std::vector<std::optional<Trace>> traces_;  // by chain
  std::optional<ServerEngine> engine_;
  std::optional<ServerMonitor> monitor_;
};

}  // namespace

std::unique_ptr<Scene> CreateServersScene(const ResolvedScenario& resolved) {
  const Scenario& scenario = resolved.scenario();
  if (!scenario.datacentre || !scenario.datacentre->servers) {
    throw InputError(resolved.path() + ": this scenario has no servers");
  }
  Diagnostics found;
  CheckLoadTraces(resolved, &found);
  if (found.has_errors()) throw InputError(found.Format());
  return std::make_unique<ServersScene>(scenario.run,
                                        *scenario.datacentre->servers);
}

void CheckLoadTraces(const ResolvedScenario& resolved, Diagnostics* found) {
  const auto& datacentre = resolved.scenario().datacentre;
  if (!datacentre || !datacentre->servers) return;
  const ServersConfig& servers = *datacentre->servers;
  std::string known;
  std::set<std::string> names;
  for (const FunctionConfig& function : servers.functions) {
    known += (known.empty() ? "" : ", ") + function.name;
    names.insert(function.name);
  }
  for (size_t c = 0; c < servers.chains.size(); ++c) {
    const std::string key =
        fmt::format("datacentre.servers.chains.{}.load.trace", c);
    try {
      const std::optional<Trace> trace = ReadTrace(servers.chains[c]);
      const std::string foreign = trace ? ForeignFunction(*trace, names) : "";
      if (foreign.empty()) continue;
      resolved.Report(key,
                      "the trace measured a function '" + foreign +
                          "' that the servers do not have",
                      "they have " + known, found);
    } catch (const InputError& error) {
      resolved.Report(key, error.what(), "", found);
    }
  }
}

ReplicationRecord RunServers(const RunConfig& run, const ServersConfig& servers,
                             Replication replication) {
  ServersScene scene(run, servers);
  scene.Settle();
  scene.Start(replication);
  scene.AdvanceTo(run.duration);
  return scene.Finish();
}

}  // namespace airlock
