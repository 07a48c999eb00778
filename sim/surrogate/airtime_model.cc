#include "sim/surrogate/airtime_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kKnee = 0.9;    // where the exponential tail begins
constexpr double kSmall = 1e-4;  // below: series of -ln(1 - x) / x
constexpr double kRhoAtKnee = 3.4426336737680995;    // rho^_1(0.9)
constexpr double kSlopeAtKnee = 6.7681662920785928;  // rho'(0.9)

}  // namespace

const std::vector<OccupancyLawRow>& OccupancyLaws() {
  static const std::vector<OccupancyLawRow> rows = {
      {"sum", OccupancyLaw::kSum, "sum of the shares: senders take turns"},
      {"union", OccupancyLaw::kUnion,
       "1 - prod(1 - share): senders overlap as if independent"},
  };
  return rows;
}

const char* ToString(OccupancyLaw law) {
  for (const OccupancyLawRow& row : OccupancyLaws()) {
    if (row.law == law) return row.name;
  }
  AIRLOCK_CHECK(false);
  return "";
}

OccupancyLaw ParseOccupancyLaw(const std::string& name) {
  std::vector<std::string> known;
  for (const OccupancyLawRow& row : OccupancyLaws()) {
    if (name == row.name) return row.law;
    known.push_back(row.name);
  }
  throw InputError(fmt::format("there is no occupancy law '{}'; known are {}",
                               name, fmt::join(known, ", ")));
}

double Together(OccupancyLaw law, double a, double b) {
  if (law == OccupancyLaw::kSum) return a + b;
  return 1 - std::max(0.0, 1 - a) * std::max(0.0, 1 - b);
}

double ServedShare(OccupancyLaw law, double share, double heard) {
  if (share <= 0) return 1;
  if (law == OccupancyLaw::kSum) return std::min(1.0, 1 / (share + heard));
  return std::min(1.0, (1 - heard) / share);
}

Eigen::MatrixXd InterferenceMap(const Eigen::MatrixXd& rssi_dbm,
                                const AirtimeChoices& choices) {
  AIRLOCK_CHECK(rssi_dbm.rows() == rssi_dbm.cols());
  const Eigen::Index n = rssi_dbm.rows();
  Eigen::MatrixXd m = Eigen::MatrixXd::Zero(n, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = 0; i < n; ++i) {
      const double above = rssi_dbm(i, j) - choices.threshold_dbm;
      if (i == j || std::isnan(above)) continue;
      if (choices.softness_db <= 0) {
        m(i, j) = above >= 0 ? 1 : 0;
        continue;
      }
      const double soft = 1 / (1 + std::exp(-above / choices.softness_db));
      m(i, j) = soft < kNegligibleInterference ? 0 : soft;
    }
  }
  return m;
}

double Rho(double x, double beta) {
  if (x >= kKnee) {
    return std::expm1(x - kKnee) * kSlopeAtKnee + kRhoAtKnee - std::log(beta);
  }
  const double q = x < kSmall ? 1 + x / 2 + x * x / 3 : -std::log1p(-x) / x;
  return -std::log(beta / 8 * (1 - x) * q);
}

double RhoSlope(double x) {
  if (x >= kKnee) return std::exp(x - kKnee) * kSlopeAtKnee;
  // rho = ln 8 - ln(1 - x) - ln q with q = -ln(1 - x) / x:
  // q'/q = 1 / ((1 - x) (-ln(1 - x))) - 1 / x = 1/2 + 5x/12 + ...
  const double growth =
      x < kSmall ? 0.5 + 5 * x / 12 : -1 / ((1 - x) * std::log1p(-x)) - 1 / x;
  return 1 / (1 - x) - growth;
}

void RhoOfOne(Eigen::Ref<Eigen::ArrayXd> x) {
  constexpr Eigen::Index kBlock = 256;  // stays in the first-level cache
  Eigen::Array<double, Eigen::Dynamic, 1, 0, kBlock, 1> free, q;
  for (Eigen::Index at = 0; at < x.size(); at += kBlock) {
    auto part = x.segment(at, std::min(kBlock, x.size() - at));
    // 1 - free is x to the last bit of 1, so the quotient is accurate at small
    // x too.
    free = 1 - part.max(1e-15).min(kKnee);
    q = -free.log() / (1 - free);
    q = -(free * q / 8).log();
    if (part.maxCoeff() >= kKnee) {
      q += ((part - kKnee).max(0.0).exp() - 1) * kSlopeAtKnee;
    }
    part = q;
  }
}

}  // namespace airlock
