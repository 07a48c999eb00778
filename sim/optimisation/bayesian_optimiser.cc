#include "sim/optimisation/bayesian_optimiser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/optimisation/box_minimiser.h"
#include "sim/optimisation/sobol.h"

namespace airlock {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// How the acquisition is maximised: points all over the cube, points about the
// incumbent (by distances down to 10^-kDecades), and as many of the best of
// either refined.
constexpr int kSpreadPointsPerDimension = 100, kMostSpreadPoints = 1000;
constexpr int kNearPoints = 60;
constexpr int kDecades = 5;
constexpr int kRefined = 3;
constexpr int kRefinements = 3;

// A point and the logarithm of its acquisition.
struct Candidate {
  VectorXd point;
  double worth = -kInfinity;
};

int InitialPoints(int asked, int dimensions) {
  return asked > 0 ? asked : std::clamp(2 * dimensions, 4, 20);
}

MatrixXd SnapRows(const SearchSpace& space, MatrixXd points) {
  for (int i = 0; i < points.rows(); ++i) {
    points.row(i) = space.Snap(points.row(i).transpose()).transpose();
  }
  return points;
}

MatrixXd PointsNear(const VectorXd& centre, RngStream stream) {
  MatrixXd points(kNearPoints, centre.size());
  for (int i = 0; i < kNearPoints; ++i) {
    const double distance = std::pow(10, -stream.Uniform(0, kDecades));
    for (int j = 0; j < centre.size(); ++j) {
      points(i, j) =
          std::clamp(centre(j) + stream.Normal(0, distance), 0.0, 1.0);
    }
  }
  return points;
}

// The best rows, best first.
std::vector<Candidate> BestOf(const SearchModel& model,
                              const MatrixXd& points) {
  const VectorXd worth = model.LogAcquisition(points);
  std::vector<int> order(points.rows());
  for (int i = 0; i < points.rows(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return worth(a) > worth(b); });
  std::vector<Candidate> best;
  for (int i = 0; i < std::min<int>(kRefined, order.size()); ++i) {
    best.push_back({points.row(order[i]).transpose(), worth(order[i])});
  }
  return best;
}

// Climbs along the continuous dimensions, the others held.
Candidate Climb(const SearchSpace& space, const SearchModel& model,
                const Candidate& start) {
  VectorXd low = VectorXd::Zero(space.size());
  VectorXd high = VectorXd::Ones(space.size());
  for (int i = 0; i < space.size(); ++i) {
    if (space.dimensions()[i].integer) low(i) = high(i) = start.point(i);
  }
  BoxMinimiserOptions options;
  options.iterations = 30;
  const BoxMinimum found = MinimiseInBox(
      [&](const VectorXd& x, VectorXd* gradient) {
        const double worth = model.LogAcquisition(x, gradient);
        *gradient = -*gradient;
        return -worth;
      },
      start.point, low, high, options);
  return {found.point, -found.value};
}

// The best of the point and those one whole number away along one dimension.
Candidate StepInIntegers(const SearchSpace& space, const SearchModel& model,
                         Candidate best) {
  const std::vector<double> centre = space.FromUnit(best.point);
  for (int i = 0; i < space.size(); ++i) {
    const SearchDimension& dimension = space.dimensions()[i];
    if (!dimension.integer) continue;
    for (double step : {-1.0, 1.0}) {
      std::vector<double> neighbour = centre;
      neighbour[i] += step;
      if (neighbour[i] < dimension.low || neighbour[i] > dimension.high) {
        continue;
      }
      const VectorXd point = space.ToUnit(neighbour);
      const double worth = model.LogAcquisition(point, nullptr);
      if (worth > best.worth) best = {point, worth};
    }
  }
  return best;
}

Candidate Refine(const SearchSpace& space, const SearchModel& model,
                 Candidate candidate) {
  for (int round = 0; round < kRefinements; ++round) {
    candidate = Climb(space, model, candidate);
    const Candidate stepped = StepInIntegers(space, model, candidate);
    if (!(stepped.worth > candidate.worth)) break;
    candidate = stepped;
  }
  return candidate;
}

}  // namespace

BayesianOptimiser::BayesianOptimiser(std::vector<SearchDimension> dimensions,
                                     const BayesianOptions& options)
    : Optimiser(std::move(dimensions), options.constraints),
      options_(options),
      expected_improvement_(kNaN) {
  if (options.initial_points < 0) {
    throw InputError(
        fmt::format("{} initial points; 1 or more are allowed, "
                    "or 0 for the default",
                    options.initial_points));
  }
  if (!(options.tolerance >= 0 && std::isfinite(options.tolerance))) {
    throw InputError(fmt::format("a tolerance of {}; 0 or more is allowed",
                                 options.tolerance));
  }
  if (options.patience < 1) {
    throw InputError(fmt::format("a patience of {}; 1 or more is allowed",
                                 options.patience));
  }
}

BayesianOptimiser::~BayesianOptimiser() = default;

void BayesianOptimiser::Learnt() {
  model_.reset();
  asked_.clear();
}

const SearchModel& BayesianOptimiser::Model() const {
  if (model_ == nullptr) {
    model_ = std::make_unique<SearchModel>(space(), evaluations(),
                                           options_.constraints);
  }
  return *model_;
}

std::vector<double> BayesianOptimiser::Ask() {
  if (!asked_.empty()) return asked_;
  const int told = static_cast<int>(evaluations().size());
  if (told < InitialPoints(options_.initial_points, space().size())) {
    const RngTree tree(options_.seed);
    asked_ = space().FromUnit(
        ShiftedSobol(1, space().size(), told,
                     tree.Stream("optimisation/initial", Replication(0)))
            .row(0)
            .transpose());
  } else {
    AskModel();
  }
  return asked_;
}

void BayesianOptimiser::AskModel() {
  const SearchModel& model = Model();
  const RngTree tree(options_.seed);
  const Replication turn(evaluations().size());
  const int spread_points =
      std::min(kSpreadPointsPerDimension * space().size(), kMostSpreadPoints);
  const MatrixXd spread =
      ShiftedSobol(spread_points, space().size(), 0,
                   tree.Stream("optimisation/spread", turn));
  const MatrixXd near =
      PointsNear(model.incumbent(), tree.Stream("optimisation/near", turn));
  Candidate best;
  for (const MatrixXd& points : {spread, near}) {
    for (const Candidate& start : BestOf(model, SnapRows(space(), points))) {
      const Candidate found = Refine(space(), model, start);
      if (best.point.size() == 0 || found.worth > best.worth) best = found;
    }
  }
  asked_ = space().FromUnit(best.point);
  expected_improvement_ = model.ScaledImprovement(best.point);
  if (expected_improvement_ < options_.tolerance) {
    ++fruitless_asks_;
  } else {
    fruitless_asks_ = 0;
  }
}

bool BayesianOptimiser::Finished() const {
  return fruitless_asks_ >= options_.patience;
}

std::vector<double> BayesianOptimiser::Estimates() const {
  const bool exact = std::all_of(evaluations().begin(), evaluations().end(),
                                 [](const Evaluation& evaluation) {
                                   return evaluation.failed() ||
                                          evaluation.noise_variance == 0;
                                 });
  return exact ? Optimiser::Estimates() : Model().posterior_means();
}

}  // namespace airlock
