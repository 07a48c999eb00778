#include "sim/stats/group_sequential.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/stats/interval.h"

namespace airlock {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kEuler = 2.718281828459045;
constexpr int kPoints = 601;    // odd: Simpson's rule
constexpr double kLowest = -9;  // of a standard normal, where nothing is left

// The density of the score z sqrt(t) of tests that have not stopped, on an even
// grid.
struct Surviving {
  double low = 0;
  double step = 0;
  std::vector<double> density;

  double At(size_t i) const { return low + step * static_cast<double>(i); }
  // Simpson's weight of point i.
  double Weight(size_t i) const {
    if (i == 0 || i + 1 == density.size()) return step / 3;
    return step * (i % 2 == 1 ? 4.0 : 2.0) / 3;
  }
};

// NormalCdf(), several times as fast: it is called millions of times.
double UpperTail(double x) { return std::erfc(x / M_SQRT2) / 2; }

double NormalDensity(double x) {
  return std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
}

// P(score after `more` information >= bound) of those that survive.
double CrossingAbove(const Surviving& before, double more, double bound) {
  const double deviation = std::sqrt(more);
  double sum = 0;
  for (size_t i = 0; i < before.density.size(); ++i) {
    sum += before.Weight(i) * before.density[i] *
           UpperTail((bound - before.At(i)) / deviation);
  }
  return sum;
}

// The survivors between low and high, `more` information later.
Surviving Next(const Surviving& before, double more, double low, double high) {
  Surviving next;
  next.low = low;
  next.step = (high - low) / (kPoints - 1);
  next.density.resize(kPoints);
  const double deviation = std::sqrt(more);
  for (size_t i = 0; i < next.density.size(); ++i) {
    double sum = 0;
    for (size_t j = 0; j < before.density.size(); ++j) {
      sum += before.Weight(j) * before.density[j] *
             NormalDensity((next.At(i) - before.At(j)) / deviation);
    }
    next.density[i] = sum / deviation;
  }
  return next;
}

// A single point of mass 1 at 0, before any information.
Surviving AtStart() {
  Surviving start;
  start.step = 1;
  start.density = {3};  // times Simpson's weight of an end, 1 / 3
  return start;
}

// The score above which `error` of the survivors lies.
double BoundFor(const Surviving& before, double more, double total,
                double error) {
  double low = -10 * std::sqrt(total);
  double high = 10 * std::sqrt(total);
  for (int i = 0; i < 60 && high - low > 1e-11; ++i) {
    const double middle = (low + high) / 2;
    (CrossingAbove(before, more, middle) > error ? low : high) = middle;
  }
  return (low + high) / 2;
}

bool Increasing(const std::vector<double>& information) {
  double before = 0;
  for (double t : information) {
    if (!(t > before) || !std::isfinite(t)) return false;
    before = t;
  }
  return !information.empty();
}

}  // namespace

double SpentError(Spending spending, double alpha, double information) {
  if (!(information > 0)) return 0;
  const double t = std::min(1.0, information);
  switch (spending) {
    case Spending::kObrienFleming:
      return 2 - 2 * NormalCdf(NormalQuantile(1 - alpha / 2) / std::sqrt(t));
    case Spending::kPocock:
      return alpha * std::log(1 + (kEuler - 1) * t);
    case Spending::kQuadratic:
      return alpha * t * t;
  }
  return 0;
}

std::vector<GroupSequentialLook> GroupSequentialBounds(
    const std::vector<double>& information, double alpha, int sides,
    Spending spending) {
  if (!Increasing(information) || !(alpha > 0 && alpha < 1) ||
      (sides != 1 && sides != 2)) {
    return {};
  }
  const double side_alpha = alpha / sides;
  std::vector<GroupSequentialLook> looks;
  Surviving surviving = AtStart();
  double before = 0;
  double spent_before = 0;
  for (const double t : information) {
    GroupSequentialLook look;
    look.information = std::min(1.0, t);
    const double spent = SpentError(spending, side_alpha, t);
    const double error = spent - spent_before;
    double bound = kInfinity;
    // An error below what the integration can tell is not spent.
    if (error > 1e-13) bound = BoundFor(surviving, t - before, t, error);
    look.critical = bound / std::sqrt(t);
    look.spent = sides * spent;
    look.nominal_alpha =
        std::isinf(bound) ? 0 : sides * NormalCdf(-look.critical);
    looks.push_back(look);
    const double reach = -kLowest * std::sqrt(t);
    const double high = std::min(bound, reach);
    const double low = sides == 2 ? -high : -reach;
    surviving = Next(surviving, t - before, low, high);
    before = t;
    spent_before = spent;
  }
  return looks;
}

}  // namespace airlock
