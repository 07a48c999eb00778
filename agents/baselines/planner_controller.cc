#include "agents/baselines/planner_controller.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "agents/baselines/plan_explanation.h"
#include "sim/base/error.h"
#include "sim/base/json.h"
#include "sim/telemetry/wlan_columns.h"

namespace airlock {
namespace {

using nlohmann::json;

double ValueOf(const Observation& observation, const std::string& column) {
  const auto found = observation.values.find(column);
  return found == observation.values.end() ? kMissing : found->second;
}

double ApValue(const Observation& observation, const std::string& ap,
               const WlanMetric& metric) {
  return ValueOf(observation, ApColumnName(ap, metric));
}

// Those that report a channel and a width, sorted.
std::vector<std::string> AccessPointsOf(const Observation& observation) {
  constexpr std::string_view kPrefix = "ap.";
  const std::string suffix = std::string(".") + kApChannel.name;
  std::vector<std::string> names;
  for (const auto& [column, value] : observation.values) {
    if (column.size() <= kPrefix.size() + suffix.size()) continue;
    const std::string name = column.substr(
        kPrefix.size(), column.size() - kPrefix.size() - suffix.size());
    const bool ours = column == ApColumnName(name, kApChannel) &&
                      observation.values.count(ApColumnName(name, kApWidth));
    if (ours) names.push_back(name);
  }
  return names;
}

// Not missing, and not blurred by an error of measurement.
bool Whole(double value) { return value == std::floor(value); }

}  // namespace

PlannerController::PlannerController(std::unique_ptr<ChannelPlanner> planner,
                                     const PlannerSetup& setup,
                                     FutureLoads future, Radios radios)
    : planner_(std::move(planner)),
      setup_(setup),
      future_(std::move(future)),
      radios_(std::move(radios)) {}

Action PlannerController::Decide(const Observation& observation) {
  if (view_.access_points.empty()) Begin(observation);
  view_.run_seconds = Seconds(observation.time);
  view_.seconds_of_day =
      std::fmod(setup_.start_seconds + view_.run_seconds, 86400);
  ReadScans(observation);
  ReadPlan(observation);
  ReadLoads(observation);
  const bool all_known = std::find(plan_known_.begin(), plan_known_.end(),
                                   false) == plan_known_.end();
  if (!all_known) return {};
  CheckView(view_, setup_.table);
  ChannelPlan plan = planner_->Decide(view_);
  CheckPlan(plan, view_.access_points, setup_.table);
  Narrow(&plan);
  Explain(plan);
  ++view_.slot;
  Action action;
  for (size_t i = 0; i < plan.size(); ++i) {
    if (plan[i] == view_.plan[i]) continue;
    const std::string& ap = view_.access_points[i];
    action.settings[ChannelSettingName(ap)] =
        setup_.table.Number(plan[i].channel);
    action.settings[WidthSettingName(ap)] =
        ChannelTable::WidthHz(plan[i].bonding);
  }
  view_.plan = plan;
  return action;
}

void PlannerController::Explain(const ChannelPlan& plan) {
  for (ExplainedDecision& one :
       ExplainPlan(view_, setup_, plan,
                   [this](int ap) { return planner_->OriginOf(ap); })) {
    if (one.moves()) {
      ++changes_;
      fall_ += one.utilisation_before - one.utilisation_after;
    }
    decisions_.push_back(std::move(one));
  }
}

std::vector<ExplainedDecision> PlannerController::TakeDecisions() {
  return std::exchange(decisions_, {});
}

nlohmann::json PlannerController::Save() const {
  json last_loads = json::array();
  for (const double load : last_loads_) {
    last_loads.push_back(NumberOrNull(load));
  }
  return {{"planner", planner_->Save()},
          {"access_points", view_.access_points},
          {"plan", ToJson(view_.plan)},
          {"plan_known", plan_known_},
          {"loads", view_.loads},
          {"last_loads", std::move(last_loads)},
          {"slot", view_.slot},
          {"counts",
           {unheard_, loads_missing_, loads_negative_, plans_unreadable_,
            narrowed_, changes_}},
          {"fall", fall_}};
}

void PlannerController::Load(const nlohmann::json& saved) {
  const json& counts = saved.at("counts");
  planner_->Load(saved.at("planner"));
  view_.access_points =
      saved.at("access_points").get<std::vector<std::string>>();
  view_.plan = PlanFromJson(saved.at("plan"));
  plan_known_ = saved.at("plan_known").get<std::vector<bool>>();
  view_.loads = saved.at("loads").get<std::deque<std::vector<double>>>();
  last_loads_.clear();
  for (const json& load : saved.at("last_loads")) {
    last_loads_.push_back(NumberOrMissing(load));
  }
  view_.slot = saved.at("slot");
  unheard_ = counts.at(0);
  loads_missing_ = counts.at(1);
  loads_negative_ = counts.at(2);
  plans_unreadable_ = counts.at(3);
  narrowed_ = counts.at(4);
  changes_ = counts.at(5);
  fall_ = saved.at("fall");
}

void PlannerController::Narrow(ChannelPlan* plan) {
  if (radios_.empty()) return;
  for (size_t i = 0; i < plan->size(); ++i) {
    const int most = radios_.at(view_.access_points[i]);
    int& bonding = (*plan)[i].bonding;
    if (bonding > most) {
      bonding = most;
      ++narrowed_;
    }
  }
}

void PlannerController::Begin(const Observation& observation) {
  for (const std::string& name : AccessPointsOf(observation)) {
    if (radios_.empty() || radios_.count(name) > 0) {
      view_.access_points.push_back(name);
    }
  }
  if (view_.access_points.empty()) {
    throw InputError(fmt::format(
        "a channel planner needs access points, and nothing here reports '{}' "
        "and '{}'",
        ApColumnName("NAME", kApChannel), ApColumnName("NAME", kApWidth)));
  }
  view_.plan.assign(view_.access_points.size(), {});
  plan_known_.assign(view_.access_points.size(), false);
}

void PlannerController::ReadScans(const Observation& observation) {
  const int n = view_.size();
  view_.rssi_dbm.setConstant(n, n, kMissing);
  view_.noise_dbm.clear();
  view_.busy.clear();
  for (int i = 0; i < n; ++i) {
    const std::string& ap = view_.access_points[i];
    view_.noise_dbm.push_back(ApValue(observation, ap, kApNoise));
    view_.busy.push_back(ApValue(observation, ap, kApBusy));
    for (int j = 0; j < n; ++j) {
      if (i == j) continue;
      view_.rssi_dbm(i, j) =
          ValueOf(observation, ApRssiColumnName(ap, view_.access_points[j]));
    }
  }
  unheard_ += view_.CountUnheard();
}

void PlannerController::ReadPlan(const Observation& observation) {
  for (int i = 0; i < view_.size(); ++i) {
    const std::string& ap = view_.access_points[i];
    const double number = ApValue(observation, ap, kApChannel);
    const double width = ApValue(observation, ap, kApWidth);
    try {
      view_.plan[i] = setup_.table.Parse(number, width);
      plan_known_[i] = true;
    } catch (const InputError& error) {
      if (!plan_known_[i] && Whole(number) && Whole(width)) {
        throw InputError(fmt::format(
            "access point '{}' is on a channel that its planner may not use: "
            "{}",
            ap, error.what()));
      }
      ++plans_unreadable_;
    }
  }
}

void PlannerController::ReadLoads(const Observation& observation) {
  last_loads_.resize(view_.size(), kMissing);
  double sum = 0;
  int known = 0;
  for (int i = 0; i < view_.size(); ++i) {
    const double load = ApValue(observation, view_.access_points[i], kApLoad);
    if (!std::isfinite(load)) ++loads_missing_;
    if (load < 0) ++loads_negative_;
    if (std::isfinite(load)) last_loads_[i] = std::max(0.0, load);
    if (!std::isfinite(last_loads_[i])) continue;
    sum += last_loads_[i];
    ++known;
  }
  std::vector<double> loads = last_loads_;
  for (double& load : loads) {
    if (!std::isfinite(load)) load = known > 0 ? sum / known : 0;
  }
  view_.loads.push_back(loads);
  if (view_.loads.size() > PlannerView::kHistorySlots) view_.loads.pop_front();
  view_.known_loads.reset();
  if (!future_) return;
  const std::map<std::string, double> future = future_(observation.time);
  view_.known_loads.emplace();
  for (const std::string& ap : view_.access_points) {
    view_.known_loads->push_back(future.at(ap));
  }
}

std::vector<Metric> PlannerController::Metrics() const {
  const auto count = [](const char* name, const char* text, int64_t value) {
    return Metric{name, "1", text, static_cast<double>(value)};
  };
  std::vector<Metric> metrics = {
      count("controller.unheard_pairs",
            "ordered pairs of access points that did not hear each other, over "
            "all decisions",
            unheard_),
      count("controller.missing_loads", "loads that were not observed",
            loads_missing_),
      count("controller.negative_loads", "loads observed below 0",
            loads_negative_),
      count("controller.unreadable_plans",
            "channels or widths that were not observed, or that the network "
            "does not have",
            plans_unreadable_),
      count("controller.narrowed_widths",
            "widths of plans that were more than an access point's standard "
            "has",
            narrowed_),
      count("controller.changes", "access points that were to change",
            changes_),
      {"controller.utilisation_fall", "1",
       "estimated utilisation before less after, sum over those changes",
       fall_},
  };
  for (const Metric& metric : planner_->Metrics()) metrics.push_back(metric);
  return metrics;
}

}  // namespace airlock
