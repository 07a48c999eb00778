#pragma once

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/telemetry/trace.h"

// Links whose truth is known: receivers that are carried back and forth past
// their access points, log-distance path loss with shadowing by place, goodput
// by a rate curve and the airtime that others leave.
namespace airlock::testing {

struct SyntheticLinks {
  int links = 4;
  int seconds = 500;
  double exponent = 2.6;
  double at_1m = -25;  // dBm, of the first link; the others 3 dB less each
  double shadowing = 4;
  double shadowing_distance = 12;  // m
  double rest = 1;                 // dB, independent
  double half_lap = 130;           // m
  double speed = 4.5;              // m/s
};

// Where a receiver is on its way of 2 `half_lap` at that second; back and
// forth.
inline double PlaceOnWay(const SyntheticLinks& truth, int second) {
  const double lap = 2 * truth.half_lap;
  const double way = std::fmod(truth.speed * second, 2 * lap);
  return (way < lap ? way : 2 * lap - way) - truth.half_lap;
}

// Shadowing at each second: a Gaussian field with exponential correlation over
// the places of the way (cells of 2 m), by its Cholesky factor.
inline std::vector<double> ShadowingOnWay(const SyntheticLinks& truth,
                                          RngStream* rng) {
  const double step = 2;
  const Eigen::Index cells =
      static_cast<Eigen::Index>(2 * truth.half_lap / step) + 1;
  Eigen::MatrixXd covariance(cells, cells);
  for (Eigen::Index i = 0; i < cells; ++i) {
    for (Eigen::Index j = 0; j < cells; ++j) {
      covariance(i, j) = std::pow(truth.shadowing, 2) *
                         std::exp(-step * static_cast<double>(std::abs(i - j)) /
                                  truth.shadowing_distance);
    }
  }
  Eigen::VectorXd white(cells);
  for (Eigen::Index i = 0; i < cells; ++i) white(i) = rng->Normal(0, 1);
  const Eigen::VectorXd field = covariance.llt().matrixL() * white;
  std::vector<double> shadowing;
  for (int t = 0; t < truth.seconds; ++t) {
    const double place = PlaceOnWay(truth, t) + truth.half_lap;
    shadowing.push_back(field(static_cast<Eigen::Index>(place / step)));
  }
  return shadowing;
}

inline Trace MakeLinkTrace(const SyntheticLinks& truth, uint64_t seed) {
  Trace trace;
  for (int t = 0; t < truth.seconds; ++t) trace.time_seconds.push_back(t);
  for (int link = 0; link < truth.links; ++link) {
    RngStream rng =
        RngTree(seed).Stream(fmt::format("link/{}", link), Replication(0));
    const std::vector<double> shadowing = ShadowingOnWay(truth, &rng);
    const std::string id = fmt::format("ap{}.w{}", link + 1, link + 1);
    const auto add = [&](const char* metric, const char* unit, Role role) {
      trace.columns.push_back({fmt::format("station.{}.{}", id, metric),
                               role,
                               unit,
                               Scope::kStation,
                               id,
                               "",
                               {}});
      return trace.columns.size() - 1;
    };
    const size_t distance = add("distance", "m", Role::kInput);
    const size_t x = add("x", "m", Role::kInput);
    const size_t y = add("y", "m", Role::kInput);
    const size_t frequency = add("frequency", "Hz", Role::kInput);
    const size_t utilisation = add("utilisation", "1", Role::kCounter);
    const size_t rssi = add("rssi", "dBm", Role::kKpi);
    const size_t rate = add("rate", "bit/s", Role::kKpi);
    const size_t goodput = add("goodput", "bit/s", Role::kKpi);
    for (int t = 0; t < truth.seconds; ++t) {
      const auto put = [&](size_t column, double value) {
        trace.columns[column].values.push_back(value);
      };
      const double east = PlaceOnWay(truth, t);
      const double north = 15;
      const double away = std::hypot(east, north);
      const double heard =
          truth.at_1m - 3 * link - 10 * truth.exponent * std::log10(away) +
          shadowing[static_cast<size_t>(t)] + rng.Normal(0, truth.rest);
      const double others = 0.2 + 0.3 * rng.Uniform();
      const double phy =
          std::min(65e6, 8e6 * std::log2(1 + std::pow(10, (heard + 90) / 10)));
      put(distance, away);
      put(x, east);
      put(y, north);
      put(frequency, link % 2 == 0 ? 2.437e9 : 5.19e9);
      put(utilisation, std::min(1.0, others + 0.3));
      put(rssi, heard);
      put(rate, phy * (1 + rng.Normal(0, 0.03)));
      put(goodput,
          std::max(0.0, 0.6 * phy * (1 - others) + rng.Normal(0, 0.3e6)));
    }
  }
  return trace;
}

}  // namespace airlock::testing
