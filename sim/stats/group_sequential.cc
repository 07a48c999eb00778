#include "sim/stats/group_sequential.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/rng.h"
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

namespace {

// The least p / level of the looks at one series of normal values, or `most`,
// if none is below: only t statistics under critical[n - 1], where p is `most`
// times the level, are looked up.
double LeastRatio(const std::vector<double>& levels,
                  const std::vector<double>& critical, double most,
                  RngStream* rng) {
  double least = most;
  double sum = 0;
  double squares = 0;
  for (size_t i = 0; i < levels.size(); ++i) {
    const double value = rng->Normal(0, 1);
    sum += value;
    squares += value * value;
    if (!(levels[i] > 0)) continue;
    const auto n = static_cast<double>(i + 1);
    const double variance = (squares - sum * sum / n) / (n - 1);
    const double t = sum / std::sqrt(n * variance);
    if (t < critical[i]) {
      least = std::min(least, StudentTCdf(t, n - 1) / levels[i]);
    }
  }
  return least;
}

}  // namespace

std::vector<double> PlannedTLevels(int64_t first, int64_t most, double alpha,
                                   Spending spending) {
  if (first < 2 || most < first) return {};
  std::vector<double> information;
  for (int64_t n = first; n <= most; ++n) {
    information.push_back(static_cast<double>(n) / static_cast<double>(most));
  }
  std::vector<double> levels(static_cast<size_t>(first - 1), 0.0);
  for (const GroupSequentialLook& look :
       GroupSequentialBounds(information, alpha, 1, spending)) {
    levels.push_back(look.nominal_alpha);
  }
  constexpr double kMostRatio = 1.5;
  std::vector<double> critical(levels.size(), 0.0);
  for (size_t i = 0; i < levels.size(); ++i) {
    if (!(levels[i] > 0)) continue;
    critical[i] = StudentTQuantile(std::min(0.5, kMostRatio * levels[i]),
                                   static_cast<double>(i));
  }
  constexpr size_t kSeries = 50000;
  RngStream rng =
      RngTree(1).Stream("stats/planned t levels", Replication(most));
  std::vector<double> ratios;
  for (size_t i = 0; i < kSeries; ++i) {
    ratios.push_back(LeastRatio(levels, critical, kMostRatio, &rng));
  }
  std::sort(ratios.begin(), ratios.end());
  const double expected = alpha * kSeries;
  const double rank = expected - 2 * std::sqrt(expected * (1 - alpha));
  const double factor =
      std::min(1.0, ratios[static_cast<size_t>(std::max(0.0, rank))]);
  for (double& level : levels) level *= factor;
  return levels;
}

}  // namespace airlock
