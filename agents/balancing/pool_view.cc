#include "agents/balancing/pool_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/scenario/balancer_checks.h"
#include "sim/surrogate/pool_settings.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kMostLogRatio = 4;

double Sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double Finite(double value) { return std::isfinite(value) ? value : 0; }

// Mean over the servers that have one; NaN: none has.
double MeanDuration(const PoolView& view) {
  double sum = 0;
  double count = 0;
  for (const ServerView& server : view.servers) {
    if (!std::isfinite(server.duration)) continue;
    sum += server.duration;
    ++count;
  }
  return count > 0 ? sum / count : kNaN;
}

double LogRatio(double value, double to) {
  if (!(value > 0) || !(to > 0)) return 0;
  return std::clamp(std::log(value / to), -kMostLogRatio, kMostLogRatio);
}

}  // namespace

PoolSetup PoolSetupOf(const BalancerConfig& balancer) {
  PoolSetup setup;
  for (const PoolServer& server : balancer.servers) {
    setup.names.push_back(server.name);
    setup.capacities.push_back(CapacityOf(server));
    setup.weights.push_back(server.weight);
  }
  return setup;
}

PoolView PoolViewOf(const std::map<std::string, double>& values,
                    const PoolSetup& setup) {
  PoolView view;
  for (const std::string& name : setup.names) {
    const auto value = [&](const char* metric) {
      const auto found = values.find("server." + name + "." + metric);
      return found == values.end() ? kNaN : found->second;
    };
    // A health check that says nothing has not found it dead.
    view.servers.push_back({value("n_flow_on"), value("n_flow"), value("n_fct"),
                            value("flow_duration_mean_decay"),
                            !(value("up") < 0.5)});
  }
  return view;
}

std::string DoubtOf(const PoolView& view, const PoolSetup& setup) {
  for (size_t i = 0; i < view.servers.size(); ++i) {
    const ServerView& server = view.servers[i];
    const std::string name = "server " + setup.names[i];
    for (const auto& [what, value] :
         {std::make_pair("n_flow_on", server.flows_on),
          std::make_pair("n_flow", server.begun),
          std::make_pair("n_fct", server.completed)}) {
      if (!std::isfinite(value)) return name + ": no " + what;
      if (value < 0) return fmt::format("{}: {} is {}", name, what, value);
    }
    if (server.duration <= 0 || std::isinf(server.duration)) {
      return fmt::format("{}: flow_duration is {}", name, server.duration);
    }
  }
  return "";
}

std::vector<EnvField> PoolFeatureFields(const PoolSetup& setup) {
  std::vector<EnvField> fields;
  for (const std::string& name : setup.names) {
    const std::string prefix = "server." + name + ".";
    fields.push_back({prefix + "flows_by_capacity", "1", 0, kInfinity});
    fields.push_back(
        {prefix + "flows_ratio", "1", -kMostLogRatio, kMostLogRatio});
    fields.push_back({prefix + "ended_by_capacity", "1", 0, kInfinity});
    fields.push_back({prefix + "share_of_new", "1", 0, 1});
    fields.push_back({prefix + "share_of_weight", "1", 0, 1, true});
    fields.push_back(
        {prefix + "duration_ratio", "1", -kMostLogRatio, kMostLogRatio});
    fields.push_back({prefix + "up", "1", 0, 1, true});
  }
  fields.push_back({"pool.flows_by_capacity", "1", 0, kInfinity});
  fields.push_back({"pool.new_by_capacity", "1", 0, kInfinity});
  return fields;
}

void WritePoolFeatures(const PoolView& view, const PoolSetup& setup,
                       double* features) {
  double on = 0;
  double begun = 0;
  for (const ServerView& server : view.servers) {
    on += Finite(server.flows_on);
    begun += Finite(server.begun);
  }
  const double weights = Sum(view.weights);
  const double capacity = Sum(setup.capacities);
  const double servers = static_cast<double>(view.servers.size());
  const double mean = MeanDuration(view);
  for (size_t i = 0; i < view.servers.size(); ++i) {
    const ServerView& server = view.servers[i];
    *features++ = std::log1p(Finite(server.flows_on) / setup.capacities[i]);
    *features++ = LogRatio((Finite(server.flows_on) + 1) / setup.capacities[i],
                           (on + servers) / capacity);
    *features++ = std::log1p(Finite(server.completed) / setup.capacities[i]);
    *features++ = Finite(server.begun) / std::max(1.0, begun);
    *features++ = view.weights[i] / weights;
    *features++ = LogRatio(server.duration, mean);
    *features++ = server.up ? 1 : 0;
  }
  *features++ = std::log1p(on / capacity);
  *features = std::log1p(begun / capacity);
}

std::vector<EnvField> WeightFields(const PoolSetup& setup) {
  std::vector<EnvField> fields;
  for (const std::string& name : setup.names) {
    fields.push_back({WeightSetting(name), "1", 0, kMostWeight});
  }
  return fields;
}

double InWeightRange(double weight) {
  return std::clamp(weight, 0.0, kMostWeight);
}

std::vector<double> Normalised(std::vector<double> weights,
                               const PoolSetup& setup) {
  for (double& weight : weights) weight = std::max(0.0, weight);
  double most = *std::max_element(weights.begin(), weights.end());
  if (!(most > 0)) {
    weights = setup.capacities;
    most = *std::max_element(weights.begin(), weights.end());
  }
  for (double& weight : weights) {
    weight = std::min(kMostWeight, weight * kMostWeight / most);
  }
  return weights;
}

}  // namespace airlock
