#include "sim/scenario/wlan_generated.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/scenario/wlan_channels.h"
#include "sim/scenario/wlan_propagation.h"

namespace airlock {
namespace {

constexpr Replication kScenario(-1);  // of the scenario, not of a replication

bool In24Ghz(const GeneratedWlan& generated) {
  return generated.band == "2.4GHz";
}

// Distance in metres at which a signal arrives at the threshold when shadowing
// and power variation together add `extra_db`.
double RangeMetres(const WlanConfig& wlan, double extra_db) {
  const double reference = In24Ghz(*wlan.generated)
                               ? wlan.reference_loss_24ghz_db
                               : wlan.reference_loss_db;
  const double budget = wlan.transmit_power.value() - reference -
                        kPreambleThreshold.value() + extra_db;
  // Nearer than the reference distance the loss does not grow.
  if (budget < 0) return 0;
  return wlan.reference_distance.value() *
         std::pow(10, budget / (10 * wlan.path_loss_exponent));
}

// Mean over the normal distribution of what two points on a square of `side`
// add to their path, by Simpson's rule.
double HearProbability(const WlanConfig& wlan, double side) {
  const double deviation =
      std::hypot(wlan.shadowing_db, wlan.power_variation_db);
  if (deviation == 0) {
    return UnitSquareDistanceCdf(RangeMetres(wlan, 0) / side);
  }
  constexpr int kIntervals = 400;
  constexpr double kReach = 7;  // standard deviations
  double sum = 0, weights = 0;
  for (int i = 0; i <= kIntervals; ++i) {
    const double z = kReach * (2.0 * i / kIntervals - 1);
    const double simpson = i == 0 || i == kIntervals ? 1 : (i % 2 == 1 ? 4 : 2);
    const double weight = simpson * std::exp(-z * z / 2);
    const double range = RangeMetres(wlan, deviation * z);
    sum += weight * UnitSquareDistanceCdf(range / side);
    weights += weight;
  }
  return sum / weights;
}

int64_t DrawPoisson(double mean, RngStream* stream) {
  int64_t count = -1;
  for (double time = 0; time <= mean; ++count) time += stream->Exponential(1);
  return count;
}

}  // namespace

double UnitSquareDistanceCdf(double distance) {
  const double r2 = distance * distance;
  if (distance <= 0) return 0;
  if (r2 >= 2) return 1;
  if (distance <= 1) {
    return M_PI * r2 - 8.0 / 3 * r2 * distance + r2 * r2 / 2;
  }
  const double root = std::sqrt(r2 - 1);
  return 1.0 / 3 + (M_PI - 2) * r2 + 4.0 / 3 * root * (2 * r2 + 1) -
         r2 * r2 / 2 - 4 * r2 * std::atan(root);
}

double GeneratedSide(const WlanConfig& wlan) {
  const GeneratedWlan& generated = *wlan.generated;
  const double others = static_cast<double>(generated.access_points - 1);
  AIRLOCK_CHECK(generated.neighbours > 0 && generated.neighbours < others);
  double low = -3, high = 9;  // log10 of the side in metres
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    const double heard = others * HearProbability(wlan, std::pow(10, middle));
    (heard > generated.neighbours ? low : high) = middle;
  }
  return std::pow(10, (low + high) / 2);
}

std::vector<AccessPointConfig> GenerateAccessPoints(const WlanConfig& wlan,
                                                    int64_t seed) {
  const GeneratedWlan& generated = *wlan.generated;
  const RngTree tree(static_cast<uint64_t>(seed));
  RngStream places = tree.Stream("wlan/generated/places", kScenario);
  RngStream tuning = tree.Stream("wlan/generated/channels", kScenario);
  int64_t count = generated.access_points;
  if (generated.count == "poisson") {
    RngStream counts = tree.Stream("wlan/generated/count", kScenario);
    do {
      count =
          DrawPoisson(static_cast<double>(generated.access_points), &counts);
    } while (count == 0);
  }
  const double side = GeneratedSide(wlan);
  const std::vector<int64_t> primaries = AllowedPrimaries(
      FindWlanRegion(wlan.region), wlan.dfs, wlan.standard,
      std::llround(wlan.width.value() / 1e6), In24Ghz(generated) ? 1 : 36);
  AIRLOCK_CHECK(!primaries.empty());
  std::vector<AccessPointConfig> all(count);
  for (int64_t i = 0; i < count; ++i) {
    AccessPointConfig& ap = all[i];
    ap.name = fmt::format("ap{:03}", i);
    ap.position.x = Length(side * places.Uniform());
    ap.position.y = Length(side * places.Uniform());
    ap.channel = primaries[tuning.UniformInt(primaries.size())];
    ap.stations = generated.stations;
    ap.station_distance = generated.station_distance;
  }
  return all;
}

}  // namespace airlock
