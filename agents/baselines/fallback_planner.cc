#include "agents/baselines/fallback_planner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"

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
                                 const FallbackLimits& limits)
    : planner_(std::move(planner)),
      fallback_(std::move(fallback)),
      setup_(setup),
      limits_(limits) {
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

void FallbackPlanner::Find(FallbackCause cause) {
  ++causes_[static_cast<size_t>(cause)];
  bad_ = true;
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
  if (wrong_in_a_row_ >= limits_.error_slots) Find(FallbackCause::kError);
}

void FallbackPlanner::JudgeEstimates(const PlannerView& view,
                                     const ChannelPlan& plan) {
  const AirtimeNetwork network = Estimate(view, plan);
  if (!network.heard().isFinite().all()) {
    Find(FallbackCause::kNotANumber);
  } else if ((network.heard() > limits_.most_utilisation).any()) {
    Find(FallbackCause::kOutOfRange);
  }
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
  try {
    plan = planner_->Decide(view);
    CheckPlan(plan, view.access_points, setup_.table);
    JudgeEstimates(view, plan);
  } catch (const Error&) {
    Find(FallbackCause::kFailed);
  }
  HandOverOrBack();
  // Both are asked, so that each knows what has happened.
  const ChannelPlan other = fallback_->Decide(view);
  if (falling_back_) {
    plan = other;
    ++fallback_slots_;
  }
  expected_busy_ = Estimate(view, plan).busy();
  explanation_ = ExplainPlan(view, setup_, plan);
  return plan;
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
