#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/scenario/scenario.h"

namespace airlock {

// How far the surrogate is off in one quantity, per access point and plan, by a
// fit that has not seen the plan: quantiles of the absolute error, and the same
// for predicting each access point's mean over the fitted plans.
struct SurrogateError {
  std::string quantity;  // "airtime_busy", "delivered_rate"
  std::string unit;
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double mean_p50 = 0;
  double mean_p90 = 0;
  double mean_p99 = 0;
};

// How well the surrogate's regret orders plans by their goodput, with its
// interval.
struct RankAgreement {
  std::string measure;  // "spearman", "kendall"
  std::string plans;    // "held out", "all"
  double estimate = 0;
  double low = 0;
  double high = 0;
};

// What a calibration of the surrogate against packet-level runs found out:
// written by `airlock calibrate --against packet`, named by a scenario's
// `wlan.airtime.profile`.
struct AirtimeProfile {
  int64_t schema = 1;
  std::string airlock_version;
  std::string scenario_name;
  std::string scenario_sha256;
  int64_t fit_plans = 0;
  int64_t held_out_plans = 0;  // by cross-validation: all of them
  std::string law = "sum";
  PowerDbm threshold{-82};
  double softness_db = 0;
  bool own_load = false;
  Bandwidth channel_rate = Mbps(100);
  double threshold_low = 0;  // dBm, interval over resampled plans
  double threshold_high = 0;
  Bandwidth channel_rate_low;
  Bandwidth channel_rate_high;
  double law_share = 0;  // of the resamples that chose the same law
  std::vector<SurrogateError> errors;
  std::vector<RankAgreement> ranks;
  double rank_ceiling = 0;  // the most that chance leaves for it
  double rank_limit = 0;
  bool credible = false;  // for training
  std::string reason;     // why not; empty if it is
};

// Reads a profile. Nothing if anything in it is wrong, such as one that is
// called credible below its limit.
std::optional<AirtimeProfile> LoadAirtimeProfile(const std::string& path,
                                                 Diagnostics* diagnostics);
// Its YAML text, which LoadAirtimeProfile reads back to the same.
std::string ToYamlText(const AirtimeProfile& profile);

// Puts its parameters in place.
void ApplyProfile(const AirtimeProfile& profile, AirtimeConfig* airtime);

}  // namespace airlock
