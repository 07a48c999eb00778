#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/scenario/airtime_profile.h"
#include "sim/surrogate/airtime_model.h"
#include "sim/surrogate/channel_table.h"

namespace airlock {

// What the packet engine (or a real network) made of one plan, one element an
// access point.
struct PlanMeasurement {
  ChannelPlan plan;
  Eigen::ArrayXd offered;    // bit/s
  Eigen::ArrayXd delivered;  // bit/s
  Eigen::ArrayXd busy;       // share of time, 0 to 1
  // What all deliver in the two halves of the time that was measured, bit/s.
  double first_half = 0;
  double second_half = 0;
};

struct SurrogateFitOptions {
  int64_t folds = 5;  // of cross-validation
  double rank_limit = 0.6;
  double confidence = 0.9;
  uint64_t seed = 1;  // of the bootstrap
};

// A plan's regret beside its goodput, for a figure.
struct PlanOutcome {
  double regret = 0;   // R^s
  double goodput = 0;  // bit/s, of all access points
};

struct SurrogateCalibration {
  // Without the names of scenario and version.
  AirtimeProfile profile;
  std::vector<PlanOutcome> plans;
};

// Finds the airtime model's law, threshold, softness and channel rate under
// which it predicts best, by mean squared error over plans and access points,
// what each one's channel is busy and what share of its offered load it
// delivers (AirtimeNetwork), on a grid: both laws; thresholds of -95 to -55 dBm
// in steps of 1 dB; softness 0, 1.5, 3 and 6 dB; channel rates from half to 40
// times the highest goodput on 20 MHz, in steps of 5 %. Intervals come from
// resampling plans. The own load enters the regret if that orders the goodput
// of these plans better.
//
// The parameters are those of all plans; they are judged by cross-validation:
// plan p by the parameters of the plans q with q != p modulo `folds`. Errors of
// busy time and goodput, beside those of predicting each access point's mean
// over the fitted plans; Spearman's rho and Kendall's tau of -R^s (as its rank
// among all plans under the same fit) and total goodput. Credible for training
// if the lower end of rho's interval reaches rank_limit.
//
// Where chance decides what a plan delivers, no model orders plans well. With r
// the rank correlation of the halves of each run, the whole run repeats itself
// to 2 r / (1 + r) (Spearman, 1910; Brown, 1910), and the root of that is the
// most that a model without error could reach (rank_ceiling); an upper bound,
// since the halves are of one run.
//
// `rssi_dbm` as in InterferenceMap(). Throws InputError below 20 plans, or
// where they offer different loads: then the goodput does not order them.
SurrogateCalibration FitSurrogate(
    const ChannelTable& table, const Eigen::MatrixXd& rssi_dbm,
    const std::vector<PlanMeasurement>& plans,
    const SurrogateFitOptions& options,
    const std::function<void(int64_t, int64_t)>& progress);

}  // namespace airlock
