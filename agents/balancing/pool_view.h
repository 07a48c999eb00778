#pragma once

#include <map>
#include <string>
#include <vector>

#include "agents/env/env.h"
#include "sim/scenario/balancer_config.h"

namespace airlock {

// What a load balancer has observed of a server over a decision's interval.
// NaN: missing.
struct ServerView {
  double flows_on = 0;   // n_flow_on, now
  double begun = 0;      // n_flow
  double completed = 0;  // n_fct
  double duration = 0;   // flow_duration_mean_decay, s; NaN before any flow
  bool up = true;        // as the health check knows it
};

// Of all servers, in the scenario's order, and the weights that are set.
struct PoolView {
  std::vector<ServerView> servers;
  std::vector<double> weights;
};

// What is known of a pool beforehand.
struct PoolSetup {
  std::vector<std::string> names;
  std::vector<double> capacities;  // cores * speed, as configured
  std::vector<double> weights;     // at the start
};
PoolSetup PoolSetupOf(const BalancerConfig& balancer);

// From the columns server.NAME.METRIC; what is not there is missing. The
// weights are left to the caller.
PoolView PoolViewOf(const std::map<std::string, double>& values,
                    const PoolSetup& setup);
// Why it cannot be believed: a count that is missing or negative, a duration
// that is not positive. Empty: it can.
std::string DoubtOf(const PoolView& view, const PoolSetup& setup);

// What a trained balancer sees: of each server its flows by capacity, how that
// compares with the pool's, its ended flows by capacity, its shares of new
// flows and of weights, how its flows' duration compares, its health; of the
// pool its flows and the new ones by capacity.
std::vector<EnvField> PoolFeatureFields(const PoolSetup& setup);
void WritePoolFeatures(const PoolView& view, const PoolSetup& setup,
                       double* features);

// One field server.NAME.weight each, 0 to 2.
std::vector<EnvField> WeightFields(const PoolSetup& setup);

// The nearest weight to what a network says, whose actions may leave their box.
double InWeightRange(double weight);

// `weights` scaled so that the largest is 2, none below 0; by capacity where
// none is above.
std::vector<double> Normalised(std::vector<double> weights,
                               const PoolSetup& setup);

}  // namespace airlock
