#include "calibration/fit/link_predictor.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "sim/base/error.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMostPoints = 400;       // of a link's field
constexpr size_t kPointsForScales = 200;  // of a link
constexpr size_t kFewestGoodputs = 30;
constexpr double kLeastSpread = 0.3;         // dB; of the RSSI's spread
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
    {true, "and by the RSSI of the last 10 s"},
    {true, "and by the place"},
    {true, "from the place alone"},
    {true, "from measured PHY rate, RSSI, utilisation"},
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

// What a field of goodput stands on.
enum class Trend { kCurve, kRate };

// Samples as points of a field of goodput. `rssi`: instead of the measured
// ones, and then nothing else of the channel is known.
FieldPoints GoodputPoints(const Link& link, const Selection& selection,
                          const GoodputModel& model, Trend trend,
                          const std::vector<double>* rssi) {
  const Eigen::Index n = static_cast<Eigen::Index>(selection.size());
  FieldPoints points{Eigen::MatrixXd(n, 9), Eigen::MatrixXd(n, 2)};
  for (Eigen::Index i = 0; i < n; ++i) {
    const size_t k = static_cast<size_t>(i);
    const LinkSample& s = link.samples[selection[k]];
    const double heard = rssi != nullptr ? (*rssi)[k] : s.rssi;
    const double recent = rssi != nullptr ? (*rssi)[k] : s.recent_rssi;
    const bool known = rssi == nullptr && !std::isnan(s.utilisation);
    const double utilisation = known ? s.utilisation : model.utilisation;
    const double spread = rssi != nullptr ? model.spread : s.rssi_spread;
    const double rate =
        rssi != nullptr || std::isnan(s.rate) ? model.curve.At(recent) : s.rate;
    points.place.row(i) << heard, utilisation, recent,
        std::log(spread + kLeastSpread), std::log(std::max(rate, 1e6)), s.x,
        s.y, s.heading_x, s.heading_y;
    const double mean =
        trend == Trend::kCurve
            ? model.At(recent)
            : std::min(model.offered, model.rate_share * rate * utilisation);
    points.trend.row(i) << 1, mean * 1e-6;
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
                        const GoodputModel& model, Trend trend,
                        const FieldScales& scales) {
  return Kriging(GoodputPoints(link, selection, model, trend, nullptr),
                 GoodputOf(link, selection),
                 {kRssiAxis, kUtilisationAxis, kRecentRssiAxis, kSpreadAxis,
                  kRateAxis, kGoodputPlaceAxis, kGoodputPlaceAxis,
                  kGoodputHeadingAxis, kGoodputHeadingAxis},
                 scales);
}

// The samples whose rate is known too.
Selection WithRate(const Link& link, const Selection& selection) {
  Selection with;
  for (const size_t i : selection) {
    if (!std::isnan(link.samples[i].rate)) with.push_back(i);
  }
  return with;
}

// Descends along one scale at a time, over those of `axes` and the nugget; the
// other axes are irrelevant.
FieldScales Descend(const std::vector<GoodputAxis>& axes,
                    const std::function<double(const FieldScales&)>& score) {
  const std::vector<std::vector<double>> lengths = {
      {3, 6, 12, 25, 50, 100},
      {0.05, 0.1, 0.2, 0.4, 0.8, 1.6},
      {3, 6, 12, 25, 50, 100},
      {0.5, 1, 2, 4, 8, 16},
      {0.3, 0.6, 1.2, 2.5, 5, 10},
      {6, 12, 25, 50, 100},
      {0.5, 1.5, 5, 15}};
  const std::vector<double> nuggets = {0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2};
  FieldScales scales{std::vector<double>(kGoodputAxes, kEverywhere), 0.4};
  for (const GoodputAxis axis : axes) scales.length[axis] = lengths[axis][2];
  double best = score(scales);
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t k = 0; k <= axes.size(); ++k) {
      const bool last = k == axes.size();
      for (const double value : last ? nuggets : lengths[axes[k]]) {
        FieldScales next = scales;
        double* const moving = last ? &next.nugget : &next.length[axes[k]];
        if (*moving == value) continue;
        *moving = value;
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
                    LinkPredictions* all, size_t i) {
  const Selection with = WithGoodput(link, train);
  const GoodputModel model = FitGoodput(link, with, nullptr);
  if (model.share <= 0 || at.empty()) return;
  const auto set = [&](LinkMethod method, std::vector<double> predicted) {
    for (double& value : predicted) {
      value = std::clamp(value, 0.0, model.offered);
    }
    all->values[method][i] = std::move(predicted);
  };
  std::vector<double> measured, curve;
  for (const size_t k : with) measured.push_back(link.samples[k].goodput);
  for (const size_t k : at) {
    curve.push_back(model.At(link.samples[k].recent_rssi));
  }
  all->values[kGoodputConstant][i].assign(at.size(), Median(measured));
  all->values[kGoodputPersistence][i] =
      Persistence(link, at, [](const LinkSample& s) { return s.goodput; });
  set(kGoodputCurve, curve);
  const auto field = [&](LinkMethod method, const Selection& known, Trend trend,
                         const FieldScales& of,
                         const std::vector<double>* rssi) {
    const Kriging kriging =
        FitGoodputField(link, Thin(known, kMostPoints), model, trend, of);
    const FieldPoints points = GoodputPoints(link, at, model, trend, rssi);
    set(method, ToVector(kriging.Predict(points) * 1e6));
    all->sd[method][i] = ToVector(kriging.PredictiveSd(points) * 1e6);
  };
  field(kGoodputChannel, with, Trend::kCurve, scales.channel, nullptr);
  field(kGoodputAdaptation, with, Trend::kCurve, scales.adaptation, nullptr);
  field(kGoodputSite, with, Trend::kCurve, scales.site, nullptr);
  field(kGoodputPlace, with, Trend::kCurve, scales.site,
        &all->values[kRssiSite][i]);
  if (model.rate_share <= 0) return;
  field(kGoodputRate, WithRate(link, with), Trend::kRate, scales.rate, nullptr);
  for (size_t k = 0; k < at.size(); ++k) {
    if (!std::isnan(link.samples[at[k]].rate)) continue;
    all->values[kGoodputRate][i][k] = kMissing;
  }
}

}  // namespace

bool IsGoodput(LinkMethod method) { return kMethods[method].goodput; }
const char* NameOf(LinkMethod method) { return kMethods[method].name; }

double GoodputModel::At(double rssi) const {
  return std::min(offered, share * curve.At(rssi));
}

namespace {

// Goodput over measured rate times utilisation: what headers, contention and
// the airtime of others leave.
void SetRateShare(const Link& link, const Selection& selection,
                  GoodputModel* model) {
  std::vector<double> rates, goodputs;
  for (const size_t i : WithRate(link, WithGoodput(link, selection))) {
    const LinkSample& s = link.samples[i];
    rates.push_back(s.rate * (std::isnan(s.utilisation) ? model->utilisation
                                                        : s.utilisation));
    goodputs.push_back(s.goodput);
  }
  if (rates.size() < kFewestGoodputs) return;
  model->rate_share = FitGoodputShare(rates, goodputs, model->offered);
}

}  // namespace

GoodputModel FitGoodput(const Link& link, const Selection& selection,
                        const GoodputModel* start) {
  GoodputModel model;
  std::vector<double> rssi, goodputs, utilisations, spreads;
  std::vector<double> rates, rssi_at_rates;
  for (const size_t i : WithGoodput(link, selection)) {
    const LinkSample& s = link.samples[i];
    if (!std::isnan(s.utilisation)) utilisations.push_back(s.utilisation);
    rssi.push_back(s.recent_rssi);
    spreads.push_back(s.rssi_spread);
    goodputs.push_back(s.goodput);
    if (std::isnan(s.rate)) continue;
    rates.push_back(s.rate);
    rssi_at_rates.push_back(s.recent_rssi);
  }
  if (goodputs.size() < kFewestGoodputs) return model;
  model.of_rate =
      start != nullptr ? start->of_rate : rates.size() >= kFewestGoodputs;
  if (model.of_rate && rates.size() < kFewestGoodputs / 2) return model;
  model.utilisation = utilisations.empty() ? 1 : Median(utilisations);
  model.spread = Median(spreads);
  model.offered = std::max(Quantile(goodputs, 0.99), 1.0);
  model.curve = FitRateCurve(
      model.of_rate ? rssi_at_rates : rssi, model.of_rate ? rates : goodputs,
      RateCurve().width, start != nullptr ? &start->curve : nullptr);
  std::vector<double> predicted;
  for (const double value : rssi) predicted.push_back(model.curve.At(value));
  model.share = FitGoodputShare(predicted, goodputs, model.offered);
  SetRateShare(link, selection, &model);
  return model;
}

LinkScales FitGoodputScales(const std::vector<Link>& links,
                            const std::vector<Selection>& fit,
                            FieldScales shadowing) {
  struct Part {
    const Link* link;
    Selection curve, rate;  // thinned
    GoodputModel model;
  };
  std::vector<Part> parts;
  for (size_t i = 0; i < links.size(); ++i) {
    const Selection all = WithGoodput(links[i], fit[i]);
    const GoodputModel model = FitGoodput(links[i], all, nullptr);
    if (model.share <= 0) continue;
    parts.push_back({&links[i], Thin(all, kPointsForScales),
                     Thin(WithRate(links[i], all), kPointsForScales), model});
  }
  const auto score_of = [&](Trend trend) {
    return [&parts, trend](const FieldScales& scales) {
      double sum = 0;
      for (const Part& part : parts) {
        if (trend == Trend::kRate && part.model.rate_share <= 0) continue;
        sum += FitGoodputField(*part.link,
                               trend == Trend::kRate ? part.rate : part.curve,
                               part.model, trend, scales)
                   .log_likelihood();
      }
      return sum;
    };
  };
  const auto curve = score_of(Trend::kCurve);
  LinkScales scales;
  scales.shadowing = std::move(shadowing);
  scales.channel = Descend({kRssiAxis, kUtilisationAxis}, curve);
  scales.adaptation = Descend(
      {kRssiAxis, kUtilisationAxis, kRecentRssiAxis, kSpreadAxis}, curve);
  scales.site = Descend({kRssiAxis, kUtilisationAxis, kRecentRssiAxis,
                         kSpreadAxis, kGoodputPlaceAxis, kGoodputHeadingAxis},
                        curve);
  scales.rate =
      Descend({kRssiAxis, kUtilisationAxis, kRateAxis}, score_of(Trend::kRate));
  return scales;
}

LinkPredictions PredictLinks(const std::vector<Link>& links,
                             const std::vector<Selection>& train,
                             const std::vector<Selection>& at,
                             const LinkScales& scales) {
  LinkPredictions all;
  all.values.resize(kLinkMethods);
  all.sd.resize(kLinkMethods);
  for (size_t method = 0; method < kLinkMethods; ++method) {
    for (const Selection& selection : at) {
      all.values[method].emplace_back(selection.size(), kMissing);
      all.sd[method].emplace_back(selection.size(), 1.0);
    }
  }
  auto& values = all.values;
  std::vector<std::optional<Kriging>> fields(links.size());
  std::vector<PathLossLine> lines(links.size());
  std::vector<double> exponents, sd;
  for (size_t i = 0; i < links.size(); ++i) {
    AIRLOCK_CHECK(!train[i].empty() || at[i].empty());
    if (train[i].empty()) continue;
    fields[i] =
        FitShadowing(links[i], Thin(train[i], kMostPoints), scales.shadowing);
    lines[i] = FitPathLoss(links[i], train[i], scales.shadowing);
    exponents.push_back(lines[i].coefficients(1));
    sd.push_back(std::sqrt(std::max(
        fields[i]->variance() * lines[i].unit_covariance(1, 1), 1e-12)));
  }
  if (exponents.empty()) return all;
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
    const FieldPoints points = ShadowingPoints(link, at[i]);
    values[kRssiSite][i] = ToVector(fields[i]->Predict(points));
    all.sd[kRssiSite][i] = ToVector(fields[i]->PredictiveSd(points));
    PredictGoodput(link, train[i], at[i], scales, &all, i);
  }
  return all;
}

}  // namespace airlock
