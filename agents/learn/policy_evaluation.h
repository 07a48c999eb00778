#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agents/env/safety_tally.h"
#include "agents/learn/agent_file.h"
#include "agents/learn/training_task.h"
#include "agents/policy/policy.h"

namespace airlock {

// What one of the costs of an episode came to.
struct CostSummary {
  std::string cost;
  double mean = 0;
  // The one-sided 95 % t bound of the mean; NaN below two episodes.
  double upper_bound = 0;
  double cvar_90 = 0;  // the mean of the worst tenth (sim/stats/tail.h)
  std::optional<double> limit;

  // Whether the bound is; without one nothing is known to be.
  bool within_limit() const { return !limit || upper_bound <= *limit; }
};
CostSummary SummaryOf(const std::string& cost, const std::vector<double>& sums,
                      std::optional<double> limit);

// What a policy achieved.
struct PolicyEvaluation {
  std::vector<double> rewards;  // of the episodes
  std::vector<CostSummary> costs;
  SafetyTally safety;  // of the task's shield, if it has one

  double mean() const;
  // How far bounds lie beyond their limits, in parts of the limits; 0: all are
  // kept; infinite where a bound is unknown.
  double excess() const;
};
// {mean, rewards, costs: [{cost, mean, upper_bound, cvar_90} and, where it is
// limited, {limit, within_limit}]}
nlohmann::json ToJson(const PolicyEvaluation& evaluation);
// "cost churn: mean 7.1, at most 7.3 (95 %), CVaR.90 8.9; within the limit of
// 8", a line each, of such a JSON.
std::string CostLines(const nlohmann::json& evaluation);

// `agent.evaluation.episodes` of them, one each of as many environments whose
// random numbers depend on `seed` alone. Where an episode is lost, the next of
// its environment counts. Throws as Actors::Run().
PolicyEvaluation EvaluatePolicy(const Policy& policy, const TrainingTask& task,
                                const AgentFile& agent, uint64_t seed);

}  // namespace airlock
