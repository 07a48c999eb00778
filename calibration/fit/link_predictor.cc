#include "calibration/fit/link_predictor.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "sim/base/error.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMostPoints = 600;       // of a link's field
constexpr size_t kPointsForScales = 200;  // of a link
constexpr size_t kFewestGoodputs = 30;
constexpr double kEverywhere = 1e9;  // a scale that makes its axis irrelevant
constexpr double kAntennaHeight = 1.5;       // m, both ends, for two rays
constexpr double kSpeedOfLight = 299792458;  // m/s

struct MethodRow {
  bool goodput;
  const char* name;
};
constexpr MethodRow kMethods[] = {
    {false, "constant"},
    {false, "persistence (last value heard)"},
    {false, "free space, exponent 2"},
    {false, "log-distance, exponent 3 (ns-3 default)"},
    {false, "two-ray, 1.5 m antennas (ITU-R P.1411)"},
    {false, "log-distance, fitted"},
    {false, "log-distance, two slopes fitted"},
    {false, "log-distance and shadowing at the place"},
    {true, "constant"},
    {true, "persistence (last value)"},
    {true, "rate curve of RSSI"},
    {true, "and by RSSI and utilisation"},
    {true, "and by the place"},
    {true, "from the place alone"},
};

bool HasGoodput(const LinkSample& s) {
  return s.offered && !std::isnan(s.goodput);
}

Selection WithGoodput(const Link& link, const Selection& selection) {
  Selection with;
  for (const size_t i : selection) {
    if (HasGoodput(link.samples[i])) with.push_back(i);
  }
  return with;
}

double LogDistance(const LinkSample& s) { return std::log10(s.distance); }

// RSSI = intercept - path(sample), intercept by the median over `train`.
std::vector<double> FromLoss(
    const Link& link, const Selection& train, const Selection& at,
    const std::function<double(const LinkSample&)>& loss) {
  std::vector<double> intercepts;
  for (const size_t i : train) {
    intercepts.push_back(link.samples[i].rssi + loss(link.samples[i]));
  }
  const double intercept = Median(intercepts);
  std::vector<double> values;
  for (const size_t i : at) {
    values.push_back(intercept - loss(link.samples[i]));
  }
  return values;
}

double TwoRayLoss(double distance, double frequency) {
  const double crossover = frequency > 0 ? 4 * kAntennaHeight * kAntennaHeight *
                                               frequency / kSpeedOfLight
                                         : 1e9;
  return 20 * std::log10(distance) +
         20 * std::log10(std::max(distance / crossover, 1.0));
}

std::vector<double> Persistence(
    const Link& link, const Selection& at,
    const std::function<double(const LinkSample&)>& value) {
  std::vector<double> values;
  for (const size_t i : at) {
    values.push_back(i > 0 ? value(link.samples[i - 1]) : kMissing);
  }
  return values;
}

// Least squares on 1, -10 log10 d and its part behind the best of some
// breakpoints.
std::vector<double> TwoSlopes(const Link& link, const Selection& train,
                              const Selection& at) {
  const Eigen::VectorXd rssi = RssiOf(link, train);
  const auto regressors = [&](const Selection& selection, double edge) {
    Eigen::MatrixXd x(static_cast<Eigen::Index>(selection.size()), 3);
    for (size_t k = 0; k < selection.size(); ++k) {
      const double d = LogDistance(link.samples[selection[k]]);
      x.row(static_cast<Eigen::Index>(k)) << 1, -10 * d,
          -10 * std::max(0.0, d - std::log10(edge));
    }
    return x;
  };
  double least = std::numeric_limits<double>::infinity();
  Eigen::VectorXd values;
  for (const double edge : {5.0, 10.0, 20.0, 40.0, 80.0}) {
    const Eigen::MatrixXd x = regressors(train, edge);
    const Eigen::VectorXd b = x.completeOrthogonalDecomposition().solve(rssi);
    const double loss = (x * b - rssi).squaredNorm();
    if (!(loss < least)) continue;
    least = loss;
    values = regressors(at, edge) * b;
  }
  return std::vector<double>(values.data(), values.data() + values.size());
}

std::vector<double> ToVector(const Eigen::VectorXd& v) {
  return std::vector<double>(v.data(), v.data() + v.size());
}

// --- goodput ----------------------------------------------------------------

// Samples as points of what the rate curve misses. `rssi`: instead of the
// measured ones; `known`: whether the utilisation is.
FieldPoints GoodputPoints(const Link& link, const Selection& selection,
                          const GoodputModel& model,
                          const std::vector<double>* rssi) {
  const Eigen::Index n = static_cast<Eigen::Index>(selection.size());
  FieldPoints points{Eigen::MatrixXd(n, 6), Eigen::MatrixXd(n, 2)};
  for (Eigen::Index i = 0; i < n; ++i) {
    const size_t k = static_cast<size_t>(i);
    const LinkSample& s = link.samples[selection[k]];
    const double heard = rssi != nullptr ? (*rssi)[k] : s.rssi;
    const bool known = rssi == nullptr && !std::isnan(s.utilisation);
    points.place.row(i) << heard, known ? s.utilisation : model.utilisation,
        s.x, s.y, s.heading_x, s.heading_y;
    points.trend.row(i) << 1, model.At(heard) * 1e-6;
  }
  return points;
}

Eigen::VectorXd GoodputOf(const Link& link, const Selection& selection) {
  Eigen::VectorXd goodput(static_cast<Eigen::Index>(selection.size()));
  for (size_t k = 0; k < selection.size(); ++k) {
    goodput(static_cast<Eigen::Index>(k)) =
        link.samples[selection[k]].goodput * 1e-6;
  }
  return goodput;
}

Kriging FitGoodputField(const Link& link, const Selection& selection,
                        const GoodputModel& model, const FieldScales& scales) {
  return Kriging(GoodputPoints(link, selection, model, nullptr),
                 GoodputOf(link, selection),
                 {kRssiAxis, kUtilisationAxis, kGoodputPlaceAxis,
                  kGoodputPlaceAxis, kGoodputHeadingAxis, kGoodputHeadingAxis},
                 scales);
}

// Descends along one scale at a time. `free`: which axes may change.
FieldScales Descend(FieldScales scales, size_t free_axes,
                    const std::function<double(const FieldScales&)>& score) {
  const std::vector<std::vector<double>> lengths = {
      {3, 6, 12, 25, 50, 100},
      {0.05, 0.1, 0.2, 0.4, 0.8, 1.6},
      {6, 12, 25, 50, 100},
      {0.5, 1.5, 5, 15}};
  const std::vector<double> nuggets = {0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2};
  double best = score(scales);
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t axis = 0; axis <= free_axes; ++axis) {
      const bool last = axis == free_axes;
      for (const double value : last ? nuggets : lengths[axis]) {
        FieldScales next = scales;
        (last ? next.nugget : next.length[axis]) = value;
        const double found = score(next);
        if (!(found > best + 1e-9)) continue;
        best = found;
        scales = next;
        moved = true;
      }
    }
  }
  return scales;
}

// Fills in the goodput methods of one link.
void PredictGoodput(const Link& link, const Selection& train,
                    const Selection& at, const LinkScales& scales,
                    std::vector<std::vector<std::vector<double>>>* values,
                    size_t i) {
  const Selection with = WithGoodput(link, train);
  const GoodputModel model = FitGoodput(link, with, nullptr);
  if (model.share <= 0 || at.empty()) return;
  const auto set = [&](LinkMethod method, std::vector<double> predicted) {
    for (double& value : predicted) {
      value = std::clamp(value, 0.0, model.offered);
    }
    (*values)[method][i] = std::move(predicted);
  };
  std::vector<double> measured, curve;
  for (const size_t k : with) measured.push_back(link.samples[k].goodput);
  for (const size_t k : at) curve.push_back(model.At(link.samples[k].rssi));
  (*values)[kGoodputConstant][i].assign(at.size(), Median(measured));
  (*values)[kGoodputPersistence][i] =
      Persistence(link, at, [](const LinkSample& s) { return s.goodput; });
  set(kGoodputCurve, curve);
  const auto field = [&](LinkMethod method, const FieldScales& of,
                         const std::vector<double>* rssi) {
    const Kriging kriging =
        FitGoodputField(link, Thin(with, kMostPoints), model, of);
    set(method,
        ToVector(kriging.Predict(GoodputPoints(link, at, model, rssi)) * 1e6));
  };
  field(kGoodputChannel, scales.channel, nullptr);
  field(kGoodputSite, scales.site, nullptr);
  field(kGoodputPlace, scales.site, &(*values)[kRssiSite][i]);
}

}  // namespace

bool IsGoodput(LinkMethod method) { return kMethods[method].goodput; }
const char* NameOf(LinkMethod method) { return kMethods[method].name; }

double GoodputModel::At(double rssi) const {
  return std::min(offered, share * curve.At(rssi));
}

GoodputModel FitGoodput(const Link& link, const Selection& selection,
                        const GoodputModel* start) {
  GoodputModel model;
  std::vector<double> rssi, rates, goodputs, utilisations;
  for (const size_t i : WithGoodput(link, selection)) {
    const LinkSample& s = link.samples[i];
    if (!std::isnan(s.utilisation)) utilisations.push_back(s.utilisation);
    rssi.push_back(s.rssi);
    goodputs.push_back(s.goodput);
    // Without a measured rate the curve is fitted to the goodput itself.
    rates.push_back(std::isnan(s.rate) ? s.goodput : s.rate);
  }
  if (goodputs.size() < kFewestGoodputs) return model;
  model.utilisation = utilisations.empty() ? 0 : Median(utilisations);
  model.offered = std::max(Quantile(goodputs, 0.99), 1.0);
  model.curve = FitRateCurve(rssi, rates, RateCurve().width,
                             start != nullptr ? &start->curve : nullptr);
  std::vector<double> predicted;
  for (const double value : rssi) predicted.push_back(model.curve.At(value));
  model.share = FitGoodputShare(predicted, goodputs, model.offered);
  return model;
}

LinkScales FitGoodputScales(const std::vector<Link>& links,
                            const std::vector<Selection>& fit,
                            FieldScales shadowing) {
  std::vector<size_t> with;
  std::vector<Selection> thinned;
  std::vector<GoodputModel> models;
  for (size_t i = 0; i < links.size(); ++i) {
    const Selection all = WithGoodput(links[i], fit[i]);
    const GoodputModel model = FitGoodput(links[i], all, nullptr);
    if (model.share <= 0) continue;
    with.push_back(i);
    thinned.push_back(Thin(all, kPointsForScales));
    models.push_back(model);
  }
  const auto score = [&](const FieldScales& scales) {
    double sum = 0;
    for (size_t k = 0; k < with.size(); ++k) {
      sum += FitGoodputField(links[with[k]], thinned[k], models[k], scales)
                 .log_likelihood();
    }
    return sum;
  };
  LinkScales scales;
  scales.shadowing = std::move(shadowing);
  scales.channel = {{12, 0.2, kEverywhere, kEverywhere}, 0.4};
  scales.site = {{12, 0.2, 25, 5}, 0.4};
  if (with.empty()) return scales;
  scales.channel = Descend(scales.channel, kGoodputPlaceAxis, score);
  scales.site = Descend(scales.site, kGoodputAxes, score);
  return scales;
}

std::vector<std::vector<std::vector<double>>> PredictLinks(
    const std::vector<Link>& links, const std::vector<Selection>& train,
    const std::vector<Selection>& at, const LinkScales& scales) {
  std::vector<std::vector<std::vector<double>>> values(kLinkMethods);
  for (auto& method : values) {
    for (const Selection& selection : at) {
      method.emplace_back(selection.size(), kMissing);
    }
  }
  std::vector<Kriging> fields;
  std::vector<PathLossLine> lines;
  std::vector<double> exponents, sd;
  for (size_t i = 0; i < links.size(); ++i) {
    fields.push_back(
        FitShadowing(links[i], Thin(train[i], kMostPoints), scales.shadowing));
    lines.push_back(FitPathLoss(links[i], train[i], scales.shadowing));
    exponents.push_back(lines[i].coefficients(1));
    sd.push_back(std::sqrt(std::max(
        fields[i].variance() * lines[i].unit_covariance(1, 1), 1e-12)));
  }
  const double exponent = PopulationMean(exponents, sd).Mean();
  for (size_t i = 0; i < links.size(); ++i) {
    if (at[i].empty()) continue;
    const Link& link = links[i];
    const auto by_exponent = [&](double n) {
      return FromLoss(link, train[i], at[i], [n](const LinkSample& s) {
        return 10 * n * LogDistance(s);
      });
    };
    values[kRssiConstant][i] = by_exponent(0);
    values[kRssiPersistence][i] =
        Persistence(link, at[i], [](const LinkSample& s) { return s.rssi; });
    values[kRssiFreeSpace][i] = by_exponent(2);
    values[kRssiExponent3][i] = by_exponent(3);
    values[kRssiTwoRay][i] =
        FromLoss(link, train[i], at[i], [&](const LinkSample& s) {
          return TwoRayLoss(s.distance, link.frequency);
        });
    const Eigen::Vector2d& b = lines[i].coefficients;
    const Eigen::Matrix2d& v = lines[i].unit_covariance;
    const double at_1m =
        b(0) + v(0, 1) / std::max(v(1, 1), 1e-18) * (exponent - b(1));
    for (size_t k = 0; k < at[i].size(); ++k) {
      values[kRssiLine][i][k] =
          at_1m - 10 * exponent * LogDistance(link.samples[at[i][k]]);
    }
    values[kRssiTwoSlopes][i] = TwoSlopes(link, train[i], at[i]);
    values[kRssiSite][i] =
        ToVector(fields[i].Predict(ShadowingPoints(link, at[i])));
    PredictGoodput(link, train[i], at[i], scales, &values, i);
  }
  return values;
}

}  // namespace airlock
