#include "calibration/fit/propagation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr size_t kPointsForScales = 220;                     // of each link
constexpr double kPlaceLengths[] = {3, 6, 12, 25, 50, 100};  // m
// Of a unit vector.
constexpr double kHeadingLengths[] = {0.5, 1.5, 5, 15, kAnyHeading};
constexpr double kNuggets[] = {0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6};
constexpr double kCellLength = 5;     // m
constexpr double kSpreadPrior = 0.5;  // of exponents between links

// Of the coordinates of a place.
const std::vector<int>& ShadowingAxes() {
  static const std::vector<int>* const kAxes =
      new std::vector<int>{kPlaceAxis, kPlaceAxis, kHeadingAxis, kHeadingAxis};
  return *kAxes;
}

// What the links say at one point of the grid.
struct GridPoint {
  FieldScales scales;
  double log_weight = 0;
  std::vector<PathLossLine> lines;  // of each link
  std::vector<double> variances;
  std::vector<double> degrees_of_freedom;
};

// Samples of one place and direction.
struct Cell {
  double count = 0;
  Eigen::Vector4d place = Eigen::Vector4d::Zero();  // sums
  double log_distance = 0;
  double rssi = 0;
};

std::vector<Cell> CellsOf(const Link& link, const Selection& selection) {
  std::map<std::array<long, 4>, Cell> cells;
  for (const size_t i : selection) {
    const LinkSample& s = link.samples[i];
    Cell& cell =
        cells[{std::lround(s.x / kCellLength), std::lround(s.y / kCellLength),
               std::lround(s.heading_x), std::lround(s.heading_y)}];
    cell.count += 1;
    cell.place += Eigen::Vector4d(s.x, s.y, s.heading_x, s.heading_y);
    cell.log_distance += std::log10(s.distance);
    cell.rssi += s.rssi;
  }
  std::vector<Cell> list;
  for (const auto& [key, cell] : cells) list.push_back(cell);
  return list;
}

GridPoint Evaluate(const std::vector<Link>& links,
                   const std::vector<Selection>& fit,
                   const std::vector<Selection>& thinned,
                   const FieldScales& scales) {
  GridPoint point;
  point.scales = scales;
  for (size_t i = 0; i < links.size(); ++i) {
    const Kriging kriging = FitShadowing(links[i], thinned[i], scales);
    point.lines.push_back(FitPathLoss(links[i], fit[i], scales));
    point.log_weight += kriging.log_likelihood();
    point.variances.push_back(kriging.variance());
    point.degrees_of_freedom.push_back(kriging.degrees_of_freedom());
  }
  return point;
}

std::vector<GridPoint> EvaluateGrid(const std::vector<Link>& links,
                                    const std::vector<Selection>& fit) {
  std::vector<Selection> thinned;
  for (const Selection& all : fit) {
    thinned.push_back(Thin(all, kPointsForScales));
  }
  std::vector<GridPoint> grid;
  for (const double place : kPlaceLengths) {
    for (const double heading : kHeadingLengths) {
      for (const double nugget : kNuggets) {
        grid.push_back(
            Evaluate(links, fit, thinned, {{place, heading}, nugget}));
      }
    }
  }
  return grid;
}

// A point of the grid with the probability of its weight.
const GridPoint& DrawPoint(const std::vector<GridPoint>& grid, double most,
                           RngStream* rng) {
  double total = 0;
  for (const GridPoint& point : grid) {
    total += std::exp(point.log_weight - most);
  }
  double left = rng->Uniform() * total;
  for (const GridPoint& point : grid) {
    left -= std::exp(point.log_weight - most);
    if (left < 0) return point;
  }
  return grid.back();
}

PropagationDraw DrawFrom(const GridPoint& point, RngStream* rng) {
  PropagationDraw draw;
  draw.scales = point.scales;
  const size_t links = point.lines.size();
  std::vector<double> exponents, sd;
  for (size_t i = 0; i < links; ++i) {
    const double df = point.degrees_of_freedom[i];
    const double variance = point.variances[i] * df / rng->Gamma(df / 2, 2);
    draw.shadowing.push_back(std::sqrt(variance));
    draw.rest.push_back(std::sqrt(variance * point.scales.nugget));
    const Eigen::MatrixXd covariance =
        variance * point.lines[i].unit_covariance;
    exponents.push_back(point.lines[i].coefficients(1));
    sd.push_back(std::max(std::sqrt(covariance(1, 1)), 1e-9));
    draw.link_exponents.push_back(rng->Normal(exponents[i], sd[i]));
    const auto at_1m = [&](double exponent, double noise) {
      const double slope = covariance(0, 1) / (sd[i] * sd[i]);
      const double rest =
          std::max(covariance(0, 0) - slope * covariance(0, 1), 0.0);
      return point.lines[i].coefficients(0) +
             slope * (exponent - exponents[i]) + std::sqrt(rest) * noise;
    };
    draw.at_1m.push_back(at_1m(draw.link_exponents[i], rng->Normal(0, 1)));
  }
  draw.exponent = PopulationMean(exponents, sd).Draw(rng);
  for (size_t i = 0; i < links; ++i) {
    const double slope = point.lines[i].unit_covariance(0, 1) /
                         std::max(point.lines[i].unit_covariance(1, 1), 1e-18);
    draw.at_1m_mean.push_back(draw.at_1m[i] +
                              slope * (draw.exponent - draw.link_exponents[i]));
  }
  return draw;
}

}  // namespace

Selection Thin(const Selection& all, size_t most) {
  if (all.size() <= most) return all;
  Selection thinned;
  for (size_t k = 0; k < most; ++k) {
    thinned.push_back(all[(2 * k + 1) * all.size() / (2 * most)]);
  }
  return thinned;
}

FieldPoints ShadowingPoints(const Link& link, const Selection& selection) {
  const Eigen::Index n = static_cast<Eigen::Index>(selection.size());
  FieldPoints points{Eigen::MatrixXd(n, 4), Eigen::MatrixXd(n, 2)};
  for (Eigen::Index i = 0; i < n; ++i) {
    const LinkSample& s = link.samples[selection[static_cast<size_t>(i)]];
    points.place.row(i) << s.x, s.y, s.heading_x, s.heading_y;
    points.trend.row(i) << 1, -10 * std::log10(s.distance);
  }
  return points;
}

Eigen::VectorXd RssiOf(const Link& link, const Selection& selection) {
  Eigen::VectorXd rssi(static_cast<Eigen::Index>(selection.size()));
  for (size_t i = 0; i < selection.size(); ++i) {
    rssi(static_cast<Eigen::Index>(i)) = link.samples[selection[i]].rssi;
  }
  return rssi;
}

Kriging FitShadowing(const Link& link, const Selection& selection,
                     const FieldScales& scales) {
  return Kriging(ShadowingPoints(link, selection), RssiOf(link, selection),
                 ShadowingAxes(), scales);
}

PathLossLine FitPathLoss(const Link& link, const Selection& selection,
                         const FieldScales& scales) {
  const std::vector<Cell> cells = CellsOf(link, selection);
  const Eigen::Index n = static_cast<Eigen::Index>(cells.size());
  Eigen::MatrixXd place(n, 4), x(n, 2);
  Eigen::VectorXd rssi(n), nugget(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const Cell& cell = cells[static_cast<size_t>(i)];
    place.row(i) = (cell.place / cell.count).transpose();
    x.row(i) << 1, -10 * cell.log_distance / cell.count;
    rssi(i) = cell.rssi / cell.count;
    nugget(i) = scales.nugget / cell.count;
  }
  Eigen::MatrixXd covariance =
      FieldCorrelation(place, place, ShadowingAxes(), scales);
  covariance.diagonal() += nugget;
  const Eigen::MatrixXd inverse =
      (x.transpose() * x).completeOrthogonalDecomposition().pseudoInverse();
  const Eigen::MatrixXd weights = inverse * x.transpose();
  PathLossLine line;
  line.coefficients = weights * rssi;
  line.unit_covariance = weights * covariance * weights.transpose();
  return line;
}

PopulationMean::PopulationMean(const std::vector<double>& estimates,
                               const std::vector<double>& sd) {
  constexpr int kSteps = 60;
  double most = -1e300;
  for (int k = 0; k < kSteps; ++k) {
    const double spread = 4 * kSpreadPrior * (k + 0.5) / kSteps;
    double precision = 0, sum = 0, log_weight = 0;
    for (size_t i = 0; i < estimates.size(); ++i) {
      const double variance = sd[i] * sd[i] + spread * spread;
      precision += 1 / variance;
      sum += estimates[i] / variance;
      log_weight -= 0.5 * std::log(variance);
    }
    const double mean = sum / precision;
    for (size_t i = 0; i < estimates.size(); ++i) {
      const double gap = estimates[i] - mean;
      log_weight -= 0.5 * gap * gap / (sd[i] * sd[i] + spread * spread);
    }
    log_weight -=
        0.5 * std::log(precision) + 0.5 * std::pow(spread / kSpreadPrior, 2);
    steps_.push_back({mean, std::sqrt(1 / precision), log_weight});
    most = std::max(most, log_weight);
  }
  double total = 0;
  for (Step& step : steps_) {
    step.weight = std::exp(step.weight - most);
    total += step.weight;
  }
  for (Step& step : steps_) step.weight /= total;
}

double PopulationMean::Mean() const {
  double mean = 0;
  for (const Step& step : steps_) mean += step.weight * step.mean;
  return mean;
}

double PopulationMean::Draw(RngStream* rng) const {
  double left = rng->Uniform();
  size_t pick = 0;
  while (pick + 1 < steps_.size() && (left -= steps_[pick].weight) >= 0) {
    ++pick;
  }
  return rng->Normal(steps_[pick].mean, steps_[pick].sd);
}

PropagationPosterior FitPropagation(const std::vector<Link>& links,
                                    const std::vector<Selection>& fit,
                                    int64_t draws, RngStream* rng) {
  AIRLOCK_CHECK(!links.empty() && links.size() == fit.size());
  const std::vector<GridPoint> grid = EvaluateGrid(links, fit);
  const auto best = std::max_element(
      grid.begin(), grid.end(), [](const GridPoint& a, const GridPoint& b) {
        return a.log_weight < b.log_weight;
      });
  PropagationPosterior posterior;
  posterior.scales = best->scales;
  for (int64_t i = 0; i < draws; ++i) {
    posterior.draws.push_back(
        DrawFrom(DrawPoint(grid, best->log_weight, rng), rng));
  }
  return posterior;
}

}  // namespace airlock
