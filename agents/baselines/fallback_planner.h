#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agents/baselines/channel_planner.h"
#include "sim/scenario/airtime_profile.h"
#include "sim/surrogate/airtime_network.h"

namespace airlock {

// When a planner's own estimates are no longer to be believed.
struct FallbackLimits {
  // Highest estimate of an access point's utilisation by others (u+) that the
  // model was calibrated for; from 0 on.
  double most_utilisation = 1.5;
  // Mean over access points of |estimated - measured| busy share of a slot.
  double most_error = 0.25;
  int64_t error_slots = 3;     // in a row beyond it, and the fallback plans
  int64_t recovery_slots = 6;  // in a row that are good, and it stops
};
// Throws InputError that says which limit is wrong.
void CheckLimits(const FallbackLimits& limits);
// With the 99 % quantile of the error of airtime_busy that a calibration of the
// surrogate found as most_error; `limits` where the profile has none.
FallbackLimits LimitsOf(const AirtimeProfile& profile, FallbackLimits limits);

enum class FallbackCause {
  kFailed,      // the planner threw an Error
  kNotANumber,  // an estimate of its plan is not finite
  kOutOfRange,  // one is beyond most_utilisation
  kError,       // estimates were wrong for error_slots in a row
};
constexpr int kFallbackCauses = 4;
// "failed", "not_a_number", "out_of_range", "error"
const char* ToString(FallbackCause cause);

// A planner whose place another one takes, `legacy-daily` say, while the
// estimates behind its plans cannot be believed. It is asked in every slot,
// also while the other one plans, and judged by what it proposes: one bad slot
// (or several wrong ones) hands over, only `recovery_slots` good ones in a row
// hand back. A measured busy share that is not there says nothing. Whoever runs
// it may have doubts of their own: in those slots the fallback plans too, and
// nothing is counted.
class FallbackPlanner : public ChannelPlanner {
 public:
  // Asked in every slot: why the planner may not plan it; empty: it may.
  using Doubt = std::function<std::string()>;

  // Throws InputError as CheckLimits().
  FallbackPlanner(std::unique_ptr<ChannelPlanner> planner,
                  std::unique_ptr<ChannelPlanner> fallback,
                  const PlannerSetup& setup, const FallbackLimits& limits,
                  Doubt doubt = nullptr);

  ChannelPlan Decide(const PlannerView& view) override;
  // Slots, those that the fallback planned, hand-overs, causes, the mean error
  // of estimates; then the planner's own.
  std::vector<Metric> Metrics() const override;
  ChoiceOrigin OriginOf(int ap) const override;
  nlohmann::json Save() const override;
  void Load(const nlohmann::json& saved) override;

  bool falling_back() const { return falling_back_; }
  // Slots in which each cause was found.
  const std::array<int64_t, kFallbackCauses>& causes() const { return causes_; }
  int64_t fallback_slots() const { return fallback_slots_; }
  int64_t hand_overs() const { return hand_overs_; }

 private:
  // Of the slot that ended, where somebody measured it.
  void NoteError(const PlannerView& view);
  void Find(FallbackCause cause, const std::string& what);
  // Of the planner's own plan.
  void JudgeEstimates(const PlannerView& view, const AirtimeNetwork& network);
  void HandOverOrBack();
  // Estimates of `plan`, with the loads as forecast.
  AirtimeNetwork Estimate(const PlannerView& view,
                          const ChannelPlan& plan) const;

  const std::unique_ptr<ChannelPlanner> planner_;
  const std::unique_ptr<ChannelPlanner> fallback_;
  const PlannerSetup setup_;
  const FallbackLimits limits_;
  const Doubt doubt_;
  Eigen::ArrayXd expected_busy_;  // of the slot to come; empty: nothing
  bool bad_ = false;              // this slot
  std::string why_;               // the last bad slot was bad
  std::string reason_;  // of the fallback's last plan; empty: the planner's
  bool falling_back_ = false;
  int64_t wrong_in_a_row_ = 0;
  int64_t good_in_a_row_ = 0;
  std::array<int64_t, kFallbackCauses> causes_ = {};
  int64_t slots_ = 0;
  int64_t fallback_slots_ = 0;
  int64_t hand_overs_ = 0;
  double error_sum_ = 0;
  int64_t error_slots_ = 0;
};

}  // namespace airlock
