#include "sim/scenario/airtime_profile.h"

#include <fmt/format.h>

#include "sim/config/fields.h"

namespace airlock {
namespace {

void CheckCredible(const AirtimeProfile& profile, const Reporter& report) {
  if (!profile.credible) return;
  for (const RankAgreement& rank : profile.ranks) {
    const bool decides = rank.measure == "spearman" && rank.plans == "held out";
    if (decides && rank.low >= profile.rank_limit) return;
  }
  report.Error("credible",
               "it is called credible, but no Spearman correlation of held-out "
               "plans reaches rank_limit");
}

}  // namespace

void DeclareFields(Fields<SurrogateError>& f) {
  using T = SurrogateError;
  f.Add("quantity", &T::quantity, "Of an access point.").Required();
  f.Add("unit", &T::unit, "Of the numbers.").Required();
  f.Add("p50", &T::p50, "Median of the absolute error.").MayBeNan();
  f.Add("p90", &T::p90, "Its 90th percentile.").MayBeNan();
  f.Add("p99", &T::p99, "Its 99th percentile.").MayBeNan();
  f.Add("mean_p50", &T::mean_p50,
        "The same for the mean over the fitted plans.")
      .MayBeNan();
  f.Add("mean_p90", &T::mean_p90, "Its 90th percentile.").MayBeNan();
  f.Add("mean_p99", &T::mean_p99, "Its 99th percentile.").MayBeNan();
}

void DeclareFields(Fields<RankAgreement>& f) {
  using T = RankAgreement;
  f.Add("measure", &T::measure, "Of rank correlation.")
      .Required()
      .OneOf({"spearman", "kendall"});
  f.Add("plans", &T::plans, "Which ones.")
      .Required()
      .OneOf({"held out", "all"});
  f.Add("estimate", &T::estimate, "Of -R^s and goodput.").MayBeNan();
  f.Add("low", &T::low, "Of its 90 % interval.").MayBeNan();
  f.Add("high", &T::high, "Of its 90 % interval.").MayBeNan();
}

void DeclareFields(Fields<AirtimeProfile>& f) {
  using T = AirtimeProfile;
  f.Add("schema", &T::schema, "Version of this format.")
      .Required()
      .Between(1, 1);
  f.Add("airlock_version", &T::airlock_version, "That wrote it.");
  f.Add("scenario_name", &T::scenario_name, "Scenario that was run.");
  f.Add("scenario_sha256", &T::scenario_sha256, "Its digest, resolved.");
  f.Add("fit_plans", &T::fit_plans, "Random plans that were fitted.")
      .AtLeast(0);
  f.Add("held_out_plans", &T::held_out_plans, "Those judged on.").AtLeast(0);
  f.Add("law", &T::law, "As wlan.airtime.law.")
      .Required()
      .OneOf({"sum", "union"});
  f.Add("threshold", &T::threshold, "As wlan.airtime.threshold.")
      .Required()
      .Between(PowerDbm(-120), PowerDbm(0));
  f.Add("softness_db", &T::softness_db, "As wlan.airtime.softness_db.")
      .Required()
      .Between(0, 50);
  f.Add("own_load", &T::own_load, "As wlan.airtime.own_load.").Required();
  f.Add("channel_rate", &T::channel_rate, "As wlan.airtime.channel_rate.")
      .Required()
      .AtLeast(Bandwidth(1000));
  f.Add("threshold_low", &T::threshold_low, "Of its 90 % interval, in dBm.");
  f.Add("threshold_high", &T::threshold_high, "Of its 90 % interval, in dBm.");
  f.Add("channel_rate_low", &T::channel_rate_low, "Of its 90 % interval.");
  f.Add("channel_rate_high", &T::channel_rate_high, "Of its 90 % interval.");
  f.Add("law_share", &T::law_share,
        "Share of the resampled fits that chose the same law.")
      .Between(0, 1);
  f.Add("errors", &T::errors, "On the plans held out.");
  f.Add("ranks", &T::ranks, "How the regret orders plans.");
  f.Add("rank_ceiling", &T::rank_ceiling,
        "The most that Spearman's correlation can be, by the noise of the runs "
        "themselves.")
      .MayBeNan();
  f.Add("rank_limit", &T::rank_limit,
        "What the lower end of Spearman's interval must reach.")
      .Required()
      .Between(-1, 1);
  f.Add("credible", &T::credible, "Whether policies may be trained on it.")
      .Required();
  f.Add("reason", &T::reason, "Why not.");
  f.Check(CheckCredible);
}

std::optional<AirtimeProfile> LoadAirtimeProfile(const std::string& path,
                                                 Diagnostics* diagnostics) {
  return LoadConfig<AirtimeProfile>(path, {}, diagnostics);
}

std::string ToYamlText(const AirtimeProfile& profile) {
  return ToYaml(profile);
}

void ApplyProfile(const AirtimeProfile& profile, AirtimeConfig* airtime) {
  airtime->law = profile.law;
  airtime->threshold = profile.threshold;
  airtime->softness_db = profile.softness_db;
  airtime->own_load = profile.own_load;
  airtime->channel_rate = profile.channel_rate;
}

}  // namespace airlock
