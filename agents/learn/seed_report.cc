#include "agents/learn/seed_report.h"

#include <fmt/format.h>

#include "agents/env/safety_tally.h"
#include "sim/base/error.h"
#include "sim/stats/interval.h"
#include "sim/stats/seed_statistics.h"
#include "sim/stats/tail.h"

namespace airlock {
namespace {

using nlohmann::json;

json ToJson(const Interval& interval) {
  return {{"estimate", interval.estimate},
          {"low", interval.low},
          {"high", interval.high}};
}

// Each cost over the seeds, of the policies `which`.
json CostsTogether(const std::vector<json>& cards, const char* which) {
  json together = json::array();
  const auto costs_of = [which](const json& card) {
    return card.at("evaluation").at(which).value("costs", json::array());
  };
  for (const json& first : costs_of(cards.front())) {
    json one = {{"cost", first.at("cost")}};
    int64_t within = 0;
    for (const json& card : cards) {
      const json cost = costs_of(card).at(together.size());
      one["means"].push_back(cost.at("mean"));
      one["upper_bounds"].push_back(cost.at("upper_bound"));
      one["cvar_90"].push_back(cost.at("cvar_90"));
      within += cost.value("within_limit", false);
    }
    if (first.contains("limit")) {
      one["limit"] = first.at("limit");
      one["seeds_within"] = within;
    }
    together.push_back(std::move(one));
  }
  return together;
}

// What the seeds say about one of the policies ("last", "best").
json PolicyTogether(const std::vector<json>& cards, const char* which) {
  std::vector<double> means;
  for (const json& card : cards) {
    means.push_back(card.at("evaluation").at(which).at("mean"));
  }
  RngStream rng =
      RngTree(1).Stream(std::string("seeds/") + which, Replication(0));
  const Interval iqm =
      StratifiedInterval({means}, InterquartileMean, SeedBootstrap(), &rng);
  json together = {{"scores", means},
                   {"interquartile_mean", InterquartileMean(means)},
                   {"costs", CostsTogether(cards, which)}};
  try {
    RequireRuns({means});
    together["interval"] = {iqm.low, iqm.high};
  } catch (const InputError& few) {
    together["interval"] = nullptr;
    together["no_interval_because"] = few.what();
  }
  return together;
}

json SafetyTogether(const std::vector<json>& cards) {
  json together;
  for (const char* phase : {"training", "evaluation"}) {
    SafetyTally sum;
    for (const json& card : cards) {
      const json safety = card.value("safety", json());
      if (safety.is_null()) return nullptr;
      sum = sum + SafetyTallyFromJson(safety.at(phase));
    }
    together[phase] = ToJson(sum);
  }
  return together;
}

std::string Numbers(const json& values, int digits) {
  std::string text;
  for (const json& value : values) {
    text += value.is_null()
                ? std::string(" -")
                : fmt::format(" {:.{}f}", value.get<double>(), digits);
  }
  return text;
}

std::string CostText(const json& cost) {
  std::string text = fmt::format(
      "    cost {}: mean{}\n      at most (95 %, each seed){}\n"
      "      CVaR.90{}\n",
      cost.at("cost").get<std::string>(), Numbers(cost.at("means"), 3),
      Numbers(cost.at("upper_bounds"), 3), Numbers(cost.at("cvar_90"), 3));
  if (!cost.contains("limit")) return text;
  return text + fmt::format("      within the limit of {} in {} of {} seeds\n",
                            cost.at("limit").get<double>(),
                            cost.at("seeds_within").get<int64_t>(),
                            cost.at("means").size());
}

std::string PolicyText(const json& together, const char* which) {
  const json& interval = together.at("interval");
  std::string text = fmt::format(
      "  {} policy: interquartile mean {:.2f}, {}\n    by seed:{}\n", which,
      together.at("interquartile_mean").get<double>(),
      interval.is_null()
          ? together.at("no_interval_because").get<std::string>()
          : fmt::format("95 % interval {:.2f} to {:.2f}",
                        interval[0].get<double>(), interval[1].get<double>()),
      Numbers(together.at("scores"), 2));
  for (const json& cost : together.at("costs")) text += CostText(cost);
  return text;
}

std::string AgainstText(const json& against) {
  const auto number = [&against](const char* what, const char* which) {
    return against.at(what).at(which).get<double>();
  };
  return fmt::format(
      "  against {}: mean return {:+.3f} [{:+.3f}, {:+.3f}]; probability of "
      "improvement {:.2f} [{:.2f}, {:.2f}]\n",
      against.at("folder").get<std::string>(), number("difference", "estimate"),
      number("difference", "low"), number("difference", "high"),
      number("improvement", "estimate"), number("improvement", "low"),
      number("improvement", "high"));
}

}  // namespace

json SeedsTogether(const std::vector<json>& cards) {
  json seeds = json::array();
  double cpu_seconds = 0;
  for (const json& card : cards) {
    seeds.push_back(card.at("seed"));
    cpu_seconds += card.at("runtime").at("cpu_seconds").get<double>();
  }
  const json& first = cards.front();
  return {{"format", "airlock-seeds-1"},
          {"task", first.at("task")},
          {"task_digest", first.at("digests").at("task")},
          {"algorithm", first.at("algorithm")},
          {"seeds", seeds},
          {"steps", first.at("steps")},
          {"episodes_each", first.at("evaluation").at("episodes")},
          {"last", PolicyTogether(cards, "last")},
          {"best", PolicyTogether(cards, "best")},
          {"safety", SafetyTogether(cards)},
          {"runtime", {{"cpu_seconds", cpu_seconds}}}};
}

json CompareSeeds(const json& ours, const json& theirs,
                  const std::string& folder) {
  const auto scores = [](const json& together) {
    return together.at("best").at("scores").get<std::vector<double>>();
  };
  const RunScores a = {scores(ours)}, b = {scores(theirs)};
  RequireRuns(a);
  RequireRuns(b);
  constexpr double kConfidence = 0.95;
  RngStream rng = RngTree(1).Stream("seeds/against", Replication(0));
  return {{"folder", folder},
          {"difference",
           ToJson(IntervalOfDifference(MeanInterval(a[0], kConfidence),
                                       MeanInterval(b[0], kConfidence)))},
          {"improvement",
           ToJson(ImprovementInterval(a, b, SeedBootstrap(), &rng))}};
}

std::string SeedsText(const std::string& folder, const json& together) {
  const json& last = together.at("last");
  const json& best = together.at("best");
  const bool same = last.at("scores") == best.at("scores");
  std::string text = fmt::format(
      "{}: {} by {}, {} seeds, {} steps each\n{}{}{}", folder,
      together.at("task").get<std::string>(),
      together.at("algorithm").get<std::string>(), together.at("seeds").size(),
      together.at("steps").get<int64_t>(),
      PolicyText(last, same ? "last, which is the best," : "last"),
      same ? "" : PolicyText(best, "best"), SafetyLines(together.at("safety")));
  if (together.contains("against")) text += AgainstText(together.at("against"));
  return text;
}

}  // namespace airlock
