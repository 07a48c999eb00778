#include "twin/worker/what_if.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/base/forked_process.h"
#include "sim/base/frame.h"
#include "sim/surrogate/airtime_scenario.h"

namespace airlock {
namespace {

using nlohmann::json;

// What a fork of this process found out.
json AnswerOf(const ForkedProcess& branch) {
  json answer;
  bool answered = false;
  try {
    answered = ReadFrame(branch.answers(), &answer);
  } catch (const Error&) {  // half an answer
  }
  if (!answered) throw Error("a what-if branch ended without an answer");
  ThrowIfErrorFrame(answer);
  return answer;
}

BranchOutcome OutcomeFromFrame(const json& frame) {
  return {frame.at("delivered"), frame.at("delay"), frame.at("starving")};
}

}  // namespace

bool IsWorse(const BranchOutcome& action, const BranchOutcome& fallback,
             double margin) {
  if (action.delivered_rate < (1 - margin) * fallback.delivered_rate) {
    return true;
  }
  if (!std::isnan(fallback.delay_p95) &&
      !(action.delay_p95 <= (1 + margin) * fallback.delay_p95)) {
    return true;
  }
  return action.starving > fallback.starving + margin;
}

WhatIfShield::WhatIfShield(Simulation* simulation, const Scenario& scenario,
                           Replication replication)
    : simulation_(simulation),
      config_(scenario.controller.what_if),
      end_(scenario.run.duration),
      audits_(RngTree(static_cast<uint64_t>(scenario.run.seed))
                  .Stream("what-if/audit", replication)) {
  if (!config_) return;
  AIRLOCK_CHECK(scenario.wlan.has_value());
  floors_ = StationFloors(WithAccessPoints(*scenario.wlan, scenario.run.seed));
}

BranchOutcome WhatIfShield::Branch(const Action& action, SimTime end) {
  simulation_->Apply(action);
  simulation_->AdvanceTo(end);
  const Observation seen = simulation_->Observe();
  return {seen.values.at("delivered_rate"), seen.values.at("latency_p95"),
          StarvingShare(seen, floors_)};
}

WhatIfShield::Pair WhatIfShield::Try(const Action& action, SimTime horizon) {
  const SimTime end = std::min(end_, Now() + horizon);
  const auto branch = [this, end](const Action& first) {
    return [this, end, first](int, int answers) {
      WriteFrame(answers, FrameOf([&] {
                   const BranchOutcome outcome = Branch(first, end);
                   return json{{"type", "branch"},
                               {"delivered", outcome.delivered_rate},
                               {"delay", outcome.delay_p95},
                               {"starving", outcome.starving}};
                 }));
    };
  };
  branch_seconds_ += 2 * Seconds(end - Now());
  const ForkedProcess with(branch(action));
  const ForkedProcess without(branch(Action()));
  const BranchOutcome first = OutcomeFromFrame(AnswerOf(with));
  return {first, OutcomeFromFrame(AnswerOf(without))};
}

void WhatIfShield::Audit(const Action& action) {
  if (audits_.Uniform() >= config_->audit.value()) return;
  ++audited_;
  const Pair pair = Try(action, config_->audit_horizon);
  regretted_ += !IsWorse(pair.action, pair.fallback, config_->margin.value()) &&
                pair.action.delivered_rate > pair.fallback.delivered_rate;
}

void WhatIfShield::Apply(const Action& action) {
  vetoed_last_ = false;
  if (config_ && !action.settings.empty() && Now() < end_) {
    ++tried_;
    const Pair pair = Try(action, config_->horizon);
    if (IsWorse(pair.action, pair.fallback, config_->margin.value())) {
      ++vetoed_;
      vetoed_last_ = true;
      Audit(action);
      return;
    }
  }
  simulation_->Apply(action);
}

std::vector<Metric> WhatIfShield::Metrics() const {
  if (!config_) return {};
  const auto count = [](int64_t n) { return static_cast<double>(n); };
  return {
      {"what_if_tried", "1", "actions that were tried before", count(tried_)},
      {"what_if_vetoed", "1", "of these, not taken", count(vetoed_)},
      {"what_if_audited", "1", "vetoes that were judged again over longer",
       count(audited_)},
      {"what_if_regretted", "1",
       "of these, where the action was not worse and delivered more",
       count(regretted_)},
      {"what_if_branches", "s", "simulated time of all branches",
       branch_seconds_},
  };
}

}  // namespace airlock
