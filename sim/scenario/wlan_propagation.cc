#include "sim/scenario/wlan_propagation.h"

#include <cmath>

#include "sim/base/rng.h"
#include "sim/scenario/wlan_channels.h"
#include "sim/scenario/wlan_layout.h"

namespace airlock {
namespace {

// Of the scenario, not of a replication.
constexpr Replication kScenario(-1);

// Twice the area of the triangle, positive where `c` lies left of `a` to `b`.
double Cross(const Position& a, const Position& b, const Position& c) {
  return (b.x.value() - a.x.value()) * (c.y.value() - a.y.value()) -
         (b.y.value() - a.y.value()) * (c.x.value() - a.x.value());
}

bool Crosses(const WallConfig& wall, const Position& a, const Position& b) {
  const double at_a = Cross(wall.from, wall.to, a);
  const double at_b = Cross(wall.from, wall.to, b);
  if (at_a == 0 || at_b == 0 || (at_a > 0) == (at_b > 0)) return false;
  const double at_from = Cross(a, b, wall.from);
  const double at_to = Cross(a, b, wall.to);
  if (at_from == 0) return at_to != 0;
  return at_to != 0 && (at_from > 0) != (at_to > 0);
}

}  // namespace

double WallLossDb(const WlanConfig& wlan, const Position& a,
                  const Position& b) {
  double loss = 0;
  for (const WallConfig& wall : wlan.walls) {
    if (Crosses(wall, a, b)) loss += wall.loss_db;
  }
  return loss;
}

double WlanPropagation::PathLossDb(const Position& from, const Position& to,
                                   bool in_24ghz_band) const {
  const double reference =
      in_24ghz_band ? wlan_.reference_loss_24ghz_db : wlan_.reference_loss_db;
  const double walls = WallLossDb(wlan_, from, to);
  const double distance = Distance(from, to);
  const double start = wlan_.reference_distance.value();
  if (distance <= start) return reference + walls;
  return reference +
         10 * wlan_.path_loss_exponent * std::log10(distance / start) + walls;
}

double WlanPropagation::ShadowingDb(const std::string& from,
                                    const std::string& to) const {
  if (wlan_.shadowing_db == 0) return 0;
  return RngTree(seed_)
      .Stream("wlan/shadowing/" + from + "/" + to, kScenario)
      .Normal(0, wlan_.shadowing_db);
}

double WlanPropagation::PowerVariationDb(const std::string& ap) const {
  if (wlan_.power_variation_db == 0) return 0;
  return RngTree(seed_)
      .Stream("wlan/power/" + ap, kScenario)
      .Normal(0, wlan_.power_variation_db);
}

double WlanPropagation::RssiDbm(const AccessPointConfig& from,
                                const AccessPointConfig& to) const {
  return TransmitPowerOf(wlan_, from).value() + PowerVariationDb(from.name) -
         PathLossDb(from.position, to.position, In24GhzBand(from.channel)) -
         ShadowingDb(from.name, to.name);
}

}  // namespace airlock
