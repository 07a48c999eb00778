#include "sim/optimisation/box_minimiser.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/base/error.h"

namespace airlock {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// Armijo's condition (Nocedal and Wright, eq. 3.4).
constexpr double kSufficientDecrease = 1e-4;
constexpr int kTrials = 10;
constexpr double kShortening = 0.3;

// The coordinates that are not held at a bound by the gradient.
std::vector<int> FreeCoordinates(const VectorXd& x, const VectorXd& gradient,
                                 const VectorXd& low, const VectorXd& high) {
  std::vector<int> free;
  for (int i = 0; i < x.size(); ++i) {
    const bool held = (x(i) <= low(i) && gradient(i) >= 0) ||
                      (x(i) >= high(i) && gradient(i) <= 0);
    if (!held) free.push_back(i);
  }
  return free;
}

// The quasi-Newton step over the free coordinates.
VectorXd Step(const MatrixXd& hessian, const VectorXd& gradient,
              const std::vector<int>& free) {
  const int n = static_cast<int>(free.size());
  MatrixXd reduced(n, n);
  VectorXd right(n);
  for (int i = 0; i < n; ++i) {
    right(i) = -gradient(free[i]);
    for (int j = 0; j < n; ++j) reduced(i, j) = hessian(free[i], free[j]);
  }
  VectorXd reduced_step = reduced.llt().solve(right);
  if (!reduced_step.allFinite() || reduced_step.dot(right) <= 0) {
    reduced_step = right;
  }
  VectorXd step = VectorXd::Zero(gradient.size());
  for (int i = 0; i < n; ++i) step(free[i]) = reduced_step(i);
  return step;
}

// Procedure 18.2: keeps the approximation of the Hessian positive definite.
void Update(const VectorXd& s, const VectorXd& y, bool first,
            MatrixXd* hessian) {
  const double sy = s.dot(y);
  if (first && sy > 0) *hessian *= y.squaredNorm() / sy;  // eq. 6.20
  const VectorXd bs = *hessian * s;
  const double sbs = s.dot(bs);
  if (!(sbs > 0)) return;
  const double theta = sy >= 0.2 * sbs ? 1 : 0.8 * sbs / (sbs - sy);
  const VectorXd r = theta * y + (1 - theta) * bs;
  *hessian += r * r.transpose() / s.dot(r) - bs * bs.transpose() / sbs;
}

}  // namespace

BoxMinimum MinimiseInBox(
    const std::function<double(const VectorXd& x, VectorXd* gradient)>&
        function,
    const VectorXd& start, const VectorXd& low, const VectorXd& high,
    const BoxMinimiserOptions& options) {
  AIRLOCK_CHECK(start.size() == low.size() && start.size() == high.size());
  const auto clip = [&](const VectorXd& x) {
    return VectorXd(x.cwiseMax(low).cwiseMin(high));
  };
  BoxMinimum minimum;
  minimum.point = clip(start);
  VectorXd gradient(start.size());
  minimum.value = function(minimum.point, &gradient);
  minimum.evaluations = 1;
  if (!std::isfinite(minimum.value)) return minimum;

  MatrixXd hessian = MatrixXd::Identity(start.size(), start.size());
  bool first = true;
  for (int iteration = 0; iteration < options.iterations; ++iteration) {
    const std::vector<int> free =
        FreeCoordinates(minimum.point, gradient, low, high);
    double steepest = 0;
    for (int i : free) steepest = std::max(steepest, std::abs(gradient(i)));
    if (!(steepest > options.tolerance)) break;

    VectorXd step = Step(hessian, gradient, free);
    if (first) step *= std::min(1.0, options.first_step / step.norm());
    VectorXd candidate, candidate_gradient(start.size());
    double value = 0;
    bool found = false;
    for (int trial = 0; trial < kTrials && !found; ++trial) {
      candidate = clip(minimum.point + step);
      value = function(candidate, &candidate_gradient);
      ++minimum.evaluations;
      found =
          std::isfinite(value) && candidate_gradient.allFinite() &&
          value <= minimum.value + kSufficientDecrease *
                                       gradient.dot(candidate - minimum.point);
      step *= kShortening;
    }
    if (!found || candidate == minimum.point) {
      if (first) break;
      // Once more from the steepest descent.
      hessian.setIdentity();
      first = true;
      continue;
    }
    Update(candidate - minimum.point, candidate_gradient - gradient, first,
           &hessian);
    first = false;
    const double gain = minimum.value - value;
    minimum.point = candidate;
    minimum.value = value;
    gradient = candidate_gradient;
    if (gain <= options.tolerance * std::max(1.0, std::abs(value)) * 1e-2) {
      break;
    }
  }
  return minimum;
}

}  // namespace airlock
