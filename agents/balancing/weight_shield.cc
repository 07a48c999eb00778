#include "agents/balancing/weight_shield.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/surrogate/pool_settings.h"

namespace airlock {
namespace {

constexpr double kTolerance = 1e-9;

double SumOf(const std::vector<double>& values, const std::vector<bool>& of) {
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (of[i]) sum += values[i];
  }
  return sum;
}

void Set(size_t server, double weight, WeightRule rule,
         WeightVerdict* verdict) {
  verdict->weights[server] = weight;
  verdict->rules[server] = ToString(rule);
  ++verdict->broken[static_cast<size_t>(rule)];
}

// Whom the rules are about: those up; all where nobody is.
std::vector<bool> LiveOf(const std::vector<bool>& up) {
  const bool none =
      std::none_of(up.begin(), up.end(), [](bool u) { return u; });
  return none ? std::vector<bool>(up.size(), true) : up;
}

}  // namespace

const char* ToString(WeightRule rule) {
  switch (rule) {
    case WeightRule::kNotANumber:
      return "not_a_number";
    case WeightRule::kChange:
      return "change";
    case WeightRule::kShare:
      return "share";
    case WeightRule::kFailed:
      return "failed";
    case WeightRule::kNobody:
      return "nobody";
  }
  return "?";
}

WeightShield::WeightShield(const WeightShieldConfig& config,
                           const PoolSetup& setup)
    : config_(config),
      setup_(setup),
      before_{setup.weights, std::vector<bool>(setup.weights.size(), true)} {}

void WeightShield::LimitChange(const std::vector<bool>& up,
                               WeightVerdict* verdict) const {
  if (up != before_.up) return;
  for (size_t i = 0; i < up.size(); ++i) {
    const double low = std::max(0.0, before_.weights[i] - config_.most_change);
    const double high =
        std::min(kMostWeight, before_.weights[i] + config_.most_change);
    const double limited = std::clamp(verdict->weights[i], low, high);
    if (limited == verdict->weights[i]) continue;
    Set(i, limited, WeightRule::kChange, verdict);
  }
}

// With the weights W of those above their floors and the floors' shares f of
// the total T: T = W / (1 - f). Who comes below a floor by that joins them.
void WeightShield::LimitShare(const std::vector<bool>& live,
                              WeightVerdict* verdict) const {
  const double capacity = SumOf(setup_.capacities, live);
  const size_t n = live.size();
  std::vector<double> floors(n);
  for (size_t i = 0; i < n; ++i) {
    floors[i] = config_.least_share.value() * setup_.capacities[i] / capacity;
  }
  std::vector<bool> low(n, false);
  for (bool more = true; more;) {
    more = false;
    double above = 0;
    double share = 0;
    for (size_t i = 0; i < n; ++i) {
      if (!live[i]) continue;
      (low[i] ? share : above) += low[i] ? floors[i] : verdict->weights[i];
    }
    if (above <= 0) return;  // least_share is 1 and all are at their floors
    const double total = above / (1 - share);
    for (size_t i = 0; i < n; ++i) {
      if (!live[i]) continue;
      if (low[i]) {
        verdict->weights[i] = floors[i] * total;
      } else if (verdict->weights[i] < floors[i] * total * (1 - kTolerance)) {
        low[i] = more = true;
        Set(i, floors[i] * total, WeightRule::kShare, verdict);
      }
    }
  }
}

WeightVerdict WeightShield::Limit(const std::vector<double>& weights,
                                  const std::vector<bool>& up) {
  WeightVerdict verdict;
  verdict.weights = weights;
  verdict.rules.resize(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] >= 0 && weights[i] <= kMostWeight) continue;
    const double nearest = std::isnan(weights[i])
                               ? before_.weights[i]
                               : std::clamp(weights[i], 0.0, kMostWeight);
    Set(i, nearest, WeightRule::kNotANumber, &verdict);
  }
  const std::vector<bool> live = LiveOf(up);
  LimitChange(live, &verdict);
  for (size_t i = 0; i < live.size(); ++i) {
    if (!live[i] && verdict.weights[i] > 0) {
      Set(i, 0, WeightRule::kFailed, &verdict);
    }
  }
  if (!(SumOf(verdict.weights, live) > 0)) {
    const std::vector<double> fair = Normalised(setup_.capacities, setup_);
    for (size_t i = 0; i < live.size(); ++i) {
      if (live[i]) Set(i, fair[i], WeightRule::kNobody, &verdict);
    }
  }
  LimitShare(live, &verdict);
  const double most =
      *std::max_element(verdict.weights.begin(), verdict.weights.end());
  if (most > kMostWeight) {
    for (double& weight : verdict.weights) weight *= kMostWeight / most;
  }
  before_ = {verdict.weights, live};
  return verdict;
}

nlohmann::json WeightShield::Save() const {
  return {{"before", before_.weights}, {"up_before", before_.up}};
}

void WeightShield::Load(const nlohmann::json& saved) {
  saved.at("before").get_to(before_.weights);
  saved.at("up_before").get_to(before_.up);
}

// Some scale c has all weights in c * [before - change, before + change]; who
// is at its floor may be above.
bool WeightShield::ChangeIsSmall(const std::vector<double>& executed,
                                 const std::vector<bool>& live,
                                 const std::vector<double>& before) const {
  const double total = SumOf(executed, live);
  const double capacity = SumOf(setup_.capacities, live);
  double least = 0;  // of c
  double most = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < executed.size(); ++i) {
    if (!live[i]) continue;
    const double floor = config_.least_share.value() * setup_.capacities[i] /
                         capacity * (1 + 2 * kTolerance);
    const double change = config_.most_change;
    if (executed[i] / total > floor) {
      least = std::max(least, executed[i] / (before[i] + change));
    }
    if (before[i] > change) {
      most = std::min(most, executed[i] / (before[i] - change));
    }
  }
  return least <= most * (1 + kTolerance);
}

std::vector<std::string> WeightShield::Audit(
    const std::vector<double>& executed, const std::vector<bool>& up,
    const WeightsBefore& before) const {
  std::vector<std::string> broken;
  const std::vector<bool> live = LiveOf(up);
  const double total = SumOf(executed, std::vector<bool>(up.size(), true));
  const double capacity = SumOf(setup_.capacities, live);
  if (!(total > 0)) broken.push_back("all weights are 0");
  if (live == before.up && !ChangeIsSmall(executed, live, before.weights)) {
    broken.push_back("the change is larger than the largest");
  }
  for (size_t i = 0; i < executed.size(); ++i) {
    const double weight = executed[i];
    const auto add = [&](const std::string& what) {
      broken.push_back(setup_.names[i] + ": " + what);
    };
    if (!(weight >= 0 && weight <= kMostWeight + kTolerance)) {
      add(fmt::format("{} is no weight", weight));
    }
    if (!live[i] && weight != 0) add("is down and has a weight");
    const double fair = setup_.capacities[i] / capacity;
    if (live[i] && weight / total < config_.least_share.value() * fair *
                                        (1 - 2 * kTolerance)) {
      add(fmt::format("{} of the flows is below the least share",
                      weight / total));
    }
  }
  return broken;
}

}  // namespace airlock
