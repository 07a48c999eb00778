// What is wrong with an algorithm's options; apart from the algorithms, so that
// `airlock` can ask without torch.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "agents/learn/dqn.h"
#include "agents/learn/ppo.h"
#include "agents/learn/sac.h"
#include "sim/base/error.h"

namespace airlock {

size_t CostColumn(const PpoOptions& options, size_t c, const EnvSpec& spec) {
  const std::string& name = options.constraints[c].cost;
  if (name.empty()) return std::min(c, spec.costs.size());
  return static_cast<size_t>(
      std::find(spec.costs.begin(), spec.costs.end(), name) -
      spec.costs.begin());
}

void CheckOptions(const PpoOptions& options, const EnvSpec& spec) {
  const auto require = [](bool good, const std::string& what) {
    if (!good) throw InputError("ppo: " + what);
  };
  const auto share = [&](const char* name, double x) {
    require(x >= 0 && x <= 1, fmt::format("{} is {}; allowed 0 to 1", name, x));
  };
  const auto positive = [&](const char* name, double x) {
    require(x > 0, fmt::format("{} is {}; must be above 0", name, x));
  };
  share("gamma", options.gamma);
  share("lambda", options.lambda);
  positive("learning_rate", options.learning_rate);
  positive("clip", options.clip);
  positive("longest_gradient", options.longest_gradient);
  positive("epochs", static_cast<double>(options.epochs));
  positive("minibatch", static_cast<double>(options.minibatch));
  positive("focops_temperature", options.focops_temperature);
  positive("focops_trust", options.focops_trust);
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
  const auto require = [](bool good, const std::string& what) {
    if (!good) throw InputError("dqn: " + what);
  };
  require(spec.action.discrete() && spec.action.width() == 1,
          fmt::format("{} needs {} heads of choices; it learns one", spec.name,
                      spec.action.choices.size()));
  for (const auto& [name, x] :
       {std::pair<const char*, double>{"gamma", options.gamma},
        {"random_first", options.random_first},
        {"random_last", options.random_last},
        {"random_share", options.random_share},
        {"alpha", options.alpha},
        {"beta", options.beta}}) {
    require(x >= 0 && x <= 1, fmt::format("{} is {}; allowed 0 to 1", name, x));
  }
  for (const auto& [name, x] :
       {std::pair<const char*, int64_t>{"capacity", options.capacity},
        {"batch", options.batch},
        {"train_every", options.train_every},
        {"gradient_steps", options.gradient_steps},
        {"target_every", options.target_every},
        {"n_step", options.n_step}}) {
    require(x > 0, fmt::format("{} is {}; must be above 0", name, x));
  }
  require(options.learning_rate > 0 && options.longest_gradient > 0,
          "learning_rate and longest_gradient must be above 0");
  require(options.warm_up <= options.capacity,
          fmt::format("warm_up of {} is beyond the capacity of {}",
                      options.warm_up, options.capacity));
}

void CheckOptions(const SacOptions& options, const EnvSpec& spec) {
  const auto require = [](bool good, const std::string& what) {
    if (!good) throw InputError("sac: " + what);
  };
  require(!spec.action.discrete() || spec.action.width() == 1,
          fmt::format("{} needs {} heads of choices; it learns one", spec.name,
                      spec.action.choices.size()));
  for (const auto& [name, x] :
       {std::pair<const char*, double>{"gamma", options.gamma},
        {"tau", options.tau}}) {
    require(x >= 0 && x <= 1, fmt::format("{} is {}; allowed 0 to 1", name, x));
  }
  for (const auto& [name, x] :
       {std::pair<const char*, int64_t>{"capacity", options.capacity},
        {"batch", options.batch},
        {"train_every", options.train_every},
        {"gradient_steps", options.gradient_steps},
        {"n_step", options.n_step}}) {
    require(x > 0, fmt::format("{} is {}; must be above 0", name, x));
  }
  require(options.learning_rate > 0, "learning_rate must be above 0");
}

}  // namespace airlock
