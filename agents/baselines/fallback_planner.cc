#include "agents/baselines/fallback_planner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

void Require(bool good, const std::string& what) {
  if (!good) throw InputError("fallback: " + what);
}

}  // namespace

const char* ToString(FallbackCause cause) {
  static constexpr std::array<const char*, kFallbackCauses> kNames = {
      "failed", "not_a_number", "out_of_range", "error"};
  return kNames[static_cast<size_t>(cause)];
}

void CheckLimits(const FallbackLimits& limits) {
  Require(limits.most_utilisation > 0,
          fmt::format("a utilisation of {} at most; must be above 0",
                      limits.most_utilisation));
  Require(limits.most_error > 0, fmt::format("an error of {} at most; must be "
                                             "above 0",
                                             limits.most_error));
  Require(limits.error_slots >= 1,
          fmt::format("{} wrong slots; at least 1", limits.error_slots));
  Require(limits.recovery_slots >= 1,
          fmt::format("{} good slots; at least 1", limits.recovery_slots));
}

FallbackLimits LimitsOf(const AirtimeProfile& profile, FallbackLimits limits) {
  for (const SurrogateError& error : profile.errors) {
    if (error.quantity == "airtime_busy" && error.p99 > 0) {
      limits.most_error = error.p99;
    }
  }
  return limits;
}

FallbackPlanner::FallbackPlanner(std::unique_ptr<ChannelPlanner> planner,
                                 std::unique_ptr<ChannelPlanner> fallback,
                                 const PlannerSetup& setup,
                                 const FallbackLimits& limits, Doubt doubt)
    : planner_(std::move(planner)),
      fallback_(std::move(fallback)),
      setup_(setup),
      limits_(limits),
      doubt_(std::move(doubt)) {
  CheckLimits(limits);
}

AirtimeNetwork FallbackPlanner::Estimate(const PlannerView& view,
                                         const ChannelPlan& plan) const {
  AirtimeNetwork network(setup_.table, setup_.choices, view.rssi_dbm);
  network.Retune(plan);
  const std::vector<double>& loads = view.forecast();
  network.SetLoads(Eigen::Map<const Eigen::ArrayXd>(
      loads.data(), static_cast<Eigen::Index>(loads.size())));
  return network;
}

void FallbackPlanner::Find(FallbackCause cause, const std::string& what) {
  ++causes_[static_cast<size_t>(cause)];
  bad_ = true;
  why_ = fmt::format("{}: {}", ToString(cause), what);
}

void FallbackPlanner::NoteError(const PlannerView& view) {
  if (expected_busy_.size() == 0 || view.busy.empty()) return;
  double sum = 0;
  int64_t known = 0;
  for (int ap = 0; ap < view.size(); ++ap) {
    // A counter of busy time ends at 1.
    const double error =
        std::abs(std::min(1.0, expected_busy_[ap]) - view.busy[ap]);
    if (!std::isfinite(error)) continue;
    sum += error;
    ++known;
  }
  if (known == 0) return;
  const double error = sum / static_cast<double>(known);
  error_sum_ += error;
  ++error_slots_;
  wrong_in_a_row_ = error > limits_.most_error ? wrong_in_a_row_ + 1 : 0;
  if (wrong_in_a_row_ < limits_.error_slots) return;
  Find(FallbackCause::kError,
       fmt::format("busy shares differ from estimates by {:.2f} on average, {} "
                   "slots in a row",
                   error, wrong_in_a_row_));
}

void FallbackPlanner::JudgeEstimates(const PlannerView& view,
                                     const AirtimeNetwork& network) {
  for (int ap = 0; ap < view.size(); ++ap) {
    if (std::isfinite(network.heard()[ap])) continue;
    Find(FallbackCause::kNotANumber,
         fmt::format("the utilisation estimated for '{}'",
                     view.access_points[ap]));
    return;
  }
  Eigen::Index worst = 0;
  const double most = network.heard().maxCoeff(&worst);
  if (most <= limits_.most_utilisation) return;
  Find(FallbackCause::kOutOfRange,
       fmt::format("a utilisation of {:.2f} estimated for '{}', {:g} at most",
                   most, view.access_points[worst], limits_.most_utilisation));
}

void FallbackPlanner::HandOverOrBack() {
  good_in_a_row_ = bad_ ? 0 : good_in_a_row_ + 1;
  if (bad_ && !falling_back_) {
    falling_back_ = true;
    ++hand_overs_;
  } else if (falling_back_ && good_in_a_row_ >= limits_.recovery_slots) {
    falling_back_ = false;
  }
}

ChannelPlan FallbackPlanner::Decide(const PlannerView& view) {
  bad_ = false;
  ++slots_;
  NoteError(view);
  ChannelPlan plan = view.plan;
  std::optional<AirtimeNetwork> estimate;
  try {
    plan = planner_->Decide(view);
    CheckPlan(plan, view.access_points, setup_.table);
    estimate.emplace(Estimate(view, plan));
    JudgeEstimates(view, *estimate);
  } catch (const Error& error) {
    Find(FallbackCause::kFailed, error.what());
  }
  HandOverOrBack();
  // Both are asked, so that each knows what has happened.
  const ChannelPlan other = fallback_->Decide(view);
  reason_ = doubt_ ? doubt_() : "";
  if (falling_back_) {
    reason_ = bad_ ? why_
                   : fmt::format("{} of {} good slots since {}", good_in_a_row_,
                                 limits_.recovery_slots, why_);
    ++fallback_slots_;
  }
  if (!reason_.empty()) {
    plan = other;
    estimate.emplace(Estimate(view, plan));
  }
  expected_busy_ = estimate->busy();
  return plan;
}

ChoiceOrigin FallbackPlanner::OriginOf(int ap) const {
  if (reason_.empty()) return planner_->OriginOf(ap);
  return {ChoiceOrigin::By::kFallback, reason_};
}

nlohmann::json FallbackPlanner::Save() const {
  nlohmann::json expected = nlohmann::json::array();
  for (const double busy : expected_busy_) {
    expected.push_back(NumberOrNull(busy));
  }
  return {{"planner", planner_->Save()},
          {"fallback", fallback_->Save()},
          {"expected_busy", std::move(expected)},
          {"why", why_},
          {"falling_back", falling_back_},
          {"wrong_in_a_row", wrong_in_a_row_},
          {"good_in_a_row", good_in_a_row_},
          {"causes", causes_},
          {"slots", slots_},
          {"fallback_slots", fallback_slots_},
          {"hand_overs", hand_overs_},
          {"error_sum", error_sum_},
          {"error_slots", error_slots_}};
}

void FallbackPlanner::Load(const nlohmann::json& saved) {
  planner_->Load(saved.at("planner"));
  fallback_->Load(saved.at("fallback"));
  const nlohmann::json& expected = saved.at("expected_busy");
  expected_busy_.resize(static_cast<Eigen::Index>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) {
    expected_busy_[static_cast<Eigen::Index>(i)] = NumberOrMissing(expected[i]);
  }
  why_ = saved.at("why");
  falling_back_ = saved.at("falling_back");
  wrong_in_a_row_ = saved.at("wrong_in_a_row");
  good_in_a_row_ = saved.at("good_in_a_row");
  causes_ = saved.at("causes").get<std::array<int64_t, kFallbackCauses>>();
  slots_ = saved.at("slots");
  fallback_slots_ = saved.at("fallback_slots");
  hand_overs_ = saved.at("hand_overs");
  error_sum_ = saved.at("error_sum");
  error_slots_ = saved.at("error_slots");
}

std::vector<Metric> FallbackPlanner::Metrics() const {
  const auto count = [](const std::string& name, const std::string& text,
                        int64_t value) {
    return Metric{"fallback." + name, "1", text, static_cast<double>(value)};
  };
  std::vector<Metric> metrics = {
      count("slots", "slots that the fallback planned", fallback_slots_),
      count("hand_overs", "times that the fallback took over", hand_overs_)};
  for (int k = 0; k < kFallbackCauses; ++k) {
    const std::string name = ToString(static_cast<FallbackCause>(k));
    metrics.push_back(count(name,
                            "slots in which the planner could not be believed "
                            "because of '" +
                                name + "'",
                            causes_[k]));
  }
  metrics.push_back(
      {"fallback.mean_error", "1",
       "mean over slots and access points of |estimated - measured| busy share",
       error_slots_ > 0 ? error_sum_ / static_cast<double>(error_slots_)
                        : std::numeric_limits<double>::quiet_NaN()});
  for (const Metric& metric : planner_->Metrics()) metrics.push_back(metric);
  return metrics;
}

}  // namespace airlock
