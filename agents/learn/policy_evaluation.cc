#include "agents/learn/policy_evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "agents/learn/ppo.h"
#include "sim/base/json.h"
#include "sim/stats/interval.h"
#include "sim/stats/moments.h"
#include "sim/stats/tail.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
// Steps between looks at who has ended; in a network all end with the run.
constexpr int64_t kChunk = 64;

// The first episode of each environment.
std::vector<EpisodeRecord> FirstEpisodes(const Policy& policy, Actors* actors,
                                         int64_t chunk, bool greedy) {
  std::vector<EpisodeRecord> first(static_cast<size_t>(actors->envs()));
  for (EpisodeRecord& one : first) one.env = -1;
  for (int64_t left = actors->envs(); left > 0;) {
    const Rollout rollout = actors->Run(policy, chunk, 0, greedy);
    for (const EpisodeRecord& one : rollout.episodes) {
      EpisodeRecord& place = first[static_cast<size_t>(one.env)];
      if (place.env >= 0) continue;
      place = one;
      --left;
    }
  }
  return first;
}

std::optional<double> LimitOf(size_t column, const AgentFile& agent,
                              const EnvSpec& spec) {
  if (agent.algorithm != "ppo") return std::nullopt;
  const PpoOptions options = agent.ppo.Options();
  for (size_t c = 0; c < options.constraints.size(); ++c) {
    if (CostColumn(options, c, spec) == column) {
      return options.constraints[c].limit;
    }
  }
  return std::nullopt;
}

json ToJson(const CostSummary& cost) {
  json summary = {{"cost", cost.cost},
                  {"mean", cost.mean},
                  {"upper_bound", NumberOrNull(cost.upper_bound)},
                  {"cvar_90", cost.cvar_90}};
  if (cost.limit) {
    summary["limit"] = *cost.limit;
    summary["within_limit"] = cost.within_limit();
  }
  return summary;
}

}  // namespace

CostSummary SummaryOf(const std::string& cost, const std::vector<double>& sums,
                      std::optional<double> limit) {
  // Both ends of a 90 % interval are left on one side by 5 %.
  return {cost, Mean(sums),
          sums.size() < 2 ? kNan : MeanInterval(sums, 0.9).high,
          Mean(TailMeanTerms(sums, 0.9)), limit};
}

double PolicyEvaluation::mean() const { return Mean(rewards); }

double PolicyEvaluation::excess() const {
  double sum = 0;
  for (const CostSummary& cost : costs) {
    if (cost.within_limit()) continue;
    if (std::isnan(cost.upper_bound)) {
      return std::numeric_limits<double>::infinity();
    }
    const double unit = *cost.limit > 0 ? *cost.limit : 1;
    sum += (cost.upper_bound - *cost.limit) / unit;
  }
  return sum;
}

json ToJson(const PolicyEvaluation& evaluation) {
  json costs = json::array();
  for (const CostSummary& cost : evaluation.costs) {
    costs.push_back(ToJson(cost));
  }
  return {{"mean", evaluation.mean()},
          {"rewards", evaluation.rewards},
          {"costs", std::move(costs)}};
}

std::string CostLines(const json& evaluation) {
  std::string lines;
  for (const json& cost : evaluation.at("costs")) {
    const json& bound = cost.at("upper_bound");
    lines += fmt::format(
        "  cost {}: mean {:.3f}, {}, CVaR.90 {:.3f}",
        cost.at("cost").get<std::string>(), cost.at("mean").get<double>(),
        bound.is_null()
            ? std::string("one episode bounds nothing")
            : fmt::format("at most {:.3f} (95 %)", bound.get<double>()),
        cost.at("cvar_90").get<double>());
    if (cost.contains("limit")) {
      lines += fmt::format(
          "; {} the limit of {}",
          cost.at("within_limit").get<bool>() ? "within" : "not within",
          cost.at("limit").get<double>());
    }
    lines += "\n";
  }
  return lines;
}

PolicyEvaluation EvaluatePolicy(const Policy& policy, const TrainingTask& task,
                                const AgentFile& agent, uint64_t seed) {
  TaskActors options;
  options.envs = agent.evaluation.episodes;
  options.seed = seed;
  options.time_limit = agent.time_limit;
  options.workers = task.network ? agent.workers : 0;
  options.noise = agent.evaluation.noise.Options();
  const SafetyTally before = task.tally ? task.tally->Read() : SafetyTally();
  const auto actors = MakeActors(task, options);
  const int64_t limit =
      agent.time_limit > 0 ? agent.time_limit : actors->spec().time_limit;
  const std::vector<EpisodeRecord> episodes = FirstEpisodes(
      policy, actors.get(), task.network ? limit : std::min(kChunk, limit),
      !agent.evaluation.sampled);
  PolicyEvaluation evaluation;
  for (const EpisodeRecord& one : episodes) {
    evaluation.rewards.push_back(one.reward);
  }
  const EnvSpec& spec = actors->spec();
  for (size_t c = 0; c < spec.costs.size(); ++c) {
    std::vector<double> sums;
    for (const EpisodeRecord& one : episodes) sums.push_back(one.costs[c]);
    evaluation.costs.push_back(
        SummaryOf(spec.costs[c], sums, LimitOf(c, agent, spec)));
  }
  if (task.tally) evaluation.safety = task.tally->Read() - before;
  return evaluation;
}

}  // namespace airlock
