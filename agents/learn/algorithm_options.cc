// What is wrong with an algorithm's options; apart from the algorithms, so that
// `airlock` can ask without torch.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "agents/learn/dqn.h"
#include "agents/learn/net2seq_options.h"
#include "agents/learn/ppo.h"
#include "agents/learn/sac.h"
#include "sim/base/error.h"

namespace airlock {

namespace {

using Named = std::initializer_list<std::pair<const char*, double>>;

void RequireThat(const char* algorithm, bool good, const std::string& what) {
  if (!good) throw InputError(fmt::format("{}: {}", algorithm, what));
}

void RequireShares(const char* algorithm, const Named& numbers) {
  for (const auto& [name, x] : numbers) {
    RequireThat(algorithm, x >= 0 && x <= 1,
                fmt::format("{} is {}; allowed 0 to 1", name, x));
  }
}

void RequirePositive(const char* algorithm, const Named& numbers) {
  for (const auto& [name, x] : numbers) {
    RequireThat(algorithm, x > 0,
                fmt::format("{} is {}; must be above 0", name, x));
  }
}

// Of what learns from a memory.
template <typename Options>
void RequireReplay(const char* algorithm, const Options& options) {
  const auto number = [](int64_t n) { return static_cast<double>(n); };
  RequirePositive(algorithm,
                  {{"capacity", number(options.capacity)},
                   {"batch", number(options.batch)},
                   {"train_every", number(options.train_every)},
                   {"gradient_steps", number(options.gradient_steps)},
                   {"n_step", number(options.n_step)}});
}

void RequireOneHead(const char* algorithm, const EnvSpec& spec) {
  RequireThat(algorithm, spec.action.discrete() && spec.action.width() == 1,
              fmt::format("{} needs {} heads of choices; it learns one",
                          spec.name, spec.action.choices.size()));
}

}  // namespace

size_t CostColumn(const PpoOptions& options, size_t c, const EnvSpec& spec) {
  const std::string& name = options.constraints[c].cost;
  if (name.empty()) return std::min(c, spec.costs.size());
  return static_cast<size_t>(
      std::find(spec.costs.begin(), spec.costs.end(), name) -
      spec.costs.begin());
}

void CheckOptions(const PpoOptions& options, const EnvSpec& spec) {
  const auto require = [](bool good, const std::string& what) {
    RequireThat("ppo", good, what);
  };
  RequireShares("ppo", {{"gamma", options.gamma}, {"lambda", options.lambda}});
  RequirePositive("ppo", {{"learning_rate", options.learning_rate},
                          {"clip", options.clip},
                          {"longest_gradient", options.longest_gradient},
                          {"epochs", static_cast<double>(options.epochs)},
                          {"minibatch", static_cast<double>(options.minibatch)},
                          {"focops_temperature", options.focops_temperature},
                          {"focops_trust", options.focops_trust}});
  require(options.objective != PolicyObjective::kFocops ||
              options.constraints.size() == 1,
          "focops wants one constraint");
  std::vector<size_t> seen;
  for (size_t c = 0; c < options.constraints.size(); ++c) {
    const size_t column = CostColumn(options, c, spec);
    require(column < spec.costs.size(),
            fmt::format("{} has no cost '{}' to constrain; it has: {}",
                        spec.name, options.constraints[c].cost,
                        spec.costs.empty()
                            ? "none"
                            : fmt::format("{}", fmt::join(spec.costs, ", "))));
    require(std::count(seen.begin(), seen.end(), column) == 0,
            fmt::format("two constraints of cost '{}'", spec.costs[column]));
    seen.push_back(column);
  }
}

void CheckOptions(const DqnOptions& options, const EnvSpec& spec) {
  RequireOneHead("dqn", spec);
  RequireShares("dqn", {{"gamma", options.gamma},
                        {"random_first", options.random_first},
                        {"random_last", options.random_last},
                        {"random_share", options.random_share},
                        {"alpha", options.alpha},
                        {"beta", options.beta}});
  RequireReplay("dqn", options);
  RequirePositive(
      "dqn", {{"target_every", static_cast<double>(options.target_every)}});
  RequireThat("dqn", options.learning_rate > 0 && options.longest_gradient > 0,
              "learning_rate and longest_gradient must be above 0");
  RequireThat("dqn", options.warm_up <= options.capacity,
              fmt::format("warm_up of {} is beyond the capacity of {}",
                          options.warm_up, options.capacity));
}

void CheckOptions(const SacOptions& options, const EnvSpec& spec) {
  if (spec.action.discrete()) RequireOneHead("sac", spec);
  RequireShares("sac", {{"gamma", options.gamma}, {"tau", options.tau}});
  RequireReplay("sac", options);
  RequireThat("sac", options.learning_rate > 0,
              "learning_rate must be above 0");
}

void CheckOptions(const Net2SeqOptions& options) {
  const auto require = [](bool good, const std::string& what) {
    RequireThat("net2seq", good, what);
  };
  require(options.batch % options.shards == 0,
          fmt::format("a batch of {} has no {} equal shards", options.batch,
                      options.shards));
  require(options.processes <= options.shards,
          fmt::format("{} processes for {} shards", options.processes,
                      options.shards));
  require(options.imitation_iterations <= options.iterations,
          fmt::format("{} iterations imitate, and there are {}",
                      options.imitation_iterations, options.iterations));
}

void CheckGenerates(const Scenario& scenario) {
  if (scenario.wlan && scenario.wlan->generated &&
      scenario.wlan->generated->count == "fixed" &&
      scenario.wlan->generated->redraw) {
    return;
  }
  throw InputError(
      fmt::format("net2seq learns on a new network each time, and scenario "
                  "'{}' has not wlan.generated with `count: fixed` and "
                  "`redraw: true`",
                  scenario.name));
}

}  // namespace airlock
