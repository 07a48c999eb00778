#include "agents/noise/domain_draw.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "sim/stats/interval.h"

namespace airlock {
namespace {

constexpr int kMostDraws = 1000;

// Of a scenario's keys; others must not be negative where their interval is
// not.
std::pair<double, double> RangeOf(const FittedParameter& parameter) {
  static const std::map<std::string, std::pair<double, double>> kRanges = {
      {"path_loss_exponent", {1, 8}}, {"shadowing_db", {0, 30}}};
  const auto found = kRanges.find(parameter.key);
  if (found != kRanges.end()) return found->second;
  return {parameter.low >= 0 ? 0 : -INFINITY, INFINITY};
}

double At(double z, double value, double low, double high) {
  static const double kSpread = NormalQuantile(0.95);
  return value + z / kSpread * (z < 0 ? value - low : high - value);
}

double Drawn(const FittedParameter& parameter, double first_z, RngStream* rng) {
  const auto [least, most] = RangeOf(parameter);
  double z = first_z;
  for (int k = 0; k < kMostDraws; ++k) {
    const double x = At(z, parameter.value, parameter.low, parameter.high);
    if (x >= least && x <= most) return x;
    z = rng->Normal(0, 1);
  }
  return std::clamp(parameter.value, least, most);
}

}  // namespace

CalibrationProfile DrawFromPosterior(const CalibrationProfile& profile,
                                     RngStream* rng) {
  CalibrationProfile drawn = profile;
  const double shared = rng->Normal(0, 1);
  for (FittedParameter& parameter : drawn.parameters) {
    const double own = rng->Normal(0, 1);
    parameter.value =
        Drawn(parameter, parameter.origin == "shared" ? shared : own, rng);
  }
  return drawn;
}

AirtimeProfile DrawFromPosterior(const AirtimeProfile& profile,
                                 RngStream* rng) {
  AirtimeProfile drawn = profile;
  drawn.threshold = PowerDbm(At(rng->Normal(0, 1), profile.threshold.value(),
                                profile.threshold_low, profile.threshold_high));
  const auto rate = [](Bandwidth x) { return static_cast<double>(x.value()); };
  const double channel_rate =
      At(rng->Normal(0, 1), rate(profile.channel_rate),
         rate(profile.channel_rate_low), rate(profile.channel_rate_high));
  drawn.channel_rate =
      Bandwidth(std::max<int64_t>(1, std::llround(channel_rate)));
  return drawn;
}

WlanConfig DrawWlan(const WlanConfig& wlan, const CalibrationProfile& profile,
                    RngStream* rng) {
  WlanConfig drawn = wlan;
  ApplyProfile(DrawFromPosterior(profile, rng), &drawn);
  return drawn;
}

WlanConfig DrawWlan(const WlanConfig& wlan, const AirtimeProfile& profile,
                    RngStream* rng) {
  WlanConfig drawn = wlan;
  ApplyProfile(DrawFromPosterior(profile, rng), &drawn.airtime);
  return drawn;
}

ChainConfig DrawChain(const ChainConfig& chain,
                      const CalibrationProfile& profile, RngStream* rng) {
  ChainConfig drawn = chain;
  ApplyProfile(DrawFromPosterior(profile, rng), &drawn);
  return drawn;
}

}  // namespace airlock
