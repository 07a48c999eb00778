#include "sim/optimisation/search_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

bool IsWhole(double x) { return x == std::floor(x); }

void CheckDimension(const SearchDimension& dimension) {
  const auto fail = [&](const std::string& what) {
    throw InputError(
        fmt::format("search dimension '{}': {}", dimension.name, what));
  };
  if (!std::isfinite(dimension.low) || !std::isfinite(dimension.high) ||
      !(dimension.low < dimension.high)) {
    fail(fmt::format("[{}, {}] is not a range; low must be below high",
                     dimension.low, dimension.high));
  }
  if (dimension.logarithmic && dimension.low <= 0) {
    fail(fmt::format("a logarithmic range starts above 0, not at {}",
                     dimension.low));
  }
  if (dimension.integer &&
      !(IsWhole(dimension.low) && IsWhole(dimension.high) &&
        std::abs(dimension.low) < 1e15 && std::abs(dimension.high) < 1e15)) {
    fail(
        fmt::format("the range of an integer is whole and below 1e15, not "
                    "[{}, {}]",
                    dimension.low, dimension.high));
  }
}

// The range that the unit interval stands for, in the logarithm where that is
// asked for.
std::pair<double, double> Span(const SearchDimension& dimension) {
  const double margin = dimension.integer ? 0.5 : 0;
  const double low = dimension.low - margin;
  const double high = dimension.high + margin;
  if (dimension.logarithmic) return {std::log(low), std::log(high)};
  return {low, high};
}

}  // namespace

SearchSpace::SearchSpace(std::vector<SearchDimension> dimensions)
    : dimensions_(std::move(dimensions)) {
  if (dimensions_.empty()) {
    throw InputError("a search needs at least one dimension");
  }
  std::set<std::string> names;
  for (const SearchDimension& dimension : dimensions_) {
    if (dimension.name.empty()) {
      throw InputError("a search dimension has no name");
    }
    if (!names.insert(dimension.name).second) {
      throw InputError(
          fmt::format("search dimension '{}' is there twice", dimension.name));
    }
    CheckDimension(dimension);
  }
}

void SearchSpace::Check(const std::vector<double>& point) const {
  if (point.size() != dimensions_.size()) {
    throw InputError(
        fmt::format("a point of {} numbers; the search has {} "
                    "dimensions",
                    point.size(), dimensions_.size()));
  }
  for (int i = 0; i < size(); ++i) {
    const SearchDimension& dimension = dimensions_[i];
    if (!(dimension.low <= point[i] && point[i] <= dimension.high)) {
      throw InputError(
          fmt::format("search dimension '{}': {} is outside "
                      "[{}, {}]",
                      dimension.name, point[i], dimension.low, dimension.high));
    }
    if (dimension.integer && !IsWhole(point[i])) {
      throw InputError(fmt::format("search dimension '{}': {} is not whole",
                                   dimension.name, point[i]));
    }
  }
}

double SearchSpace::ToUnit(int dimension, double value) const {
  const auto [low, high] = Span(dimensions_[dimension]);
  if (dimensions_[dimension].logarithmic) value = std::log(value);
  // Halves first: the width of a range may be more than the largest number.
  return std::clamp((value / 2 - low / 2) / (high / 2 - low / 2), 0.0, 1.0);
}

double SearchSpace::FromUnit(int dimension, double unit) const {
  const SearchDimension& d = dimensions_[dimension];
  const auto [low, high] = Span(d);
  double value = low * (1 - unit) + high * unit;
  if (d.logarithmic) value = std::exp(value);
  if (d.integer) value = std::round(value);
  return std::clamp(value, d.low, d.high);
}

Eigen::VectorXd SearchSpace::ToUnit(const std::vector<double>& point) const {
  Eigen::VectorXd unit(size());
  for (int i = 0; i < size(); ++i) unit(i) = ToUnit(i, point[i]);
  return unit;
}

std::vector<double> SearchSpace::FromUnit(const Eigen::VectorXd& unit) const {
  std::vector<double> point(size());
  for (int i = 0; i < size(); ++i) point[i] = FromUnit(i, unit(i));
  return point;
}

Eigen::VectorXd SearchSpace::Snap(const Eigen::VectorXd& unit) const {
  Eigen::VectorXd snapped = unit;
  for (int i = 0; i < size(); ++i) {
    if (!dimensions_[i].integer) continue;
    snapped(i) = ToUnit(i, FromUnit(i, unit(i)));
  }
  return snapped;
}

}  // namespace airlock
