#include "twin/drift/whitening.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/base/error.h"
#include "twin/drift/linear_whitener.h"
#include "twin/drift/null_model.h"
#include "twin/drift/regime_whitener.h"

namespace airlock {
namespace {

// As few different values say little that a filter could use.
bool HasFewValues(const std::vector<double>& series) {
  std::set<double> levels;
  for (const double value : series) {
    if (!std::isnan(value)) levels.insert(value);
    if (levels.size() > 8) return false;
  }
  return true;
}

Whitened Apply(std::unique_ptr<Whitener> whitener,
               const std::vector<double>& series, int64_t fitted) {
  Whitened result;
  for (const double value : series) {
    result.innovations.push_back(whitener->Next(value));
  }
  whitener->Reset();
  const std::vector<double> settled(
      result.innovations.begin() + whitener->start(), result.innovations.end());
  result.independent = LooksIndependent(settled, fitted);
  result.description = whitener->description();
  result.whitener = std::move(whitener);
  return result;
}

Whitened WhitenLinearly(const std::vector<double>& series,
                        const LinearFit& cycles, double penalty) {
  LinearFit fit = cycles;
  std::vector<double> rest;
  if (cycles.frequencies.empty()) {
    for (const double value : series) rest.push_back(value - fit.mean);
  } else {
    LinearWhitener filter(cycles);
    for (const double value : series) rest.push_back(filter.Next(value));
  }
  fit.coefficients = FitAutoregression(rest, penalty);
  if (fit.coefficients.empty() && fit.frequencies.empty()) {
    Whitened result;
    result.innovations = series;
    result.independent = LooksIndependent(series, 0);
    result.description = "as it is";
    return result;
  }
  const auto fitted = static_cast<int64_t>(fit.coefficients.size());
  return Apply(std::make_unique<LinearWhitener>(std::move(fit)), series,
               fitted);
}

// How much dependence is left: the smaller, the more.
double Doubt(const Whitened& whitened) {
  return PortmanteauP(whitened.innovations, 20, 0);
}

}  // namespace

Whitened Whiten(const std::vector<double>& series, uint64_t seed) {
  Whitened plain;
  plain.innovations = series;
  plain.description = "as it is";
  plain.independent = LooksIndependent(series, 0);
  if (HasFewValues(series) || series.size() < 64) return plain;
  const LinearFit cycles = FitCycles(series);
  if (plain.independent && cycles.frequencies.empty()) return plain;
  const double n = static_cast<double>(series.size());
  Whitened linear = WhitenLinearly(series, cycles, std::log(n));
  if (linear.independent) return linear;
  Whitened longer = WhitenLinearly(series, cycles, 2);
  if (longer.independent) return longer;
  if (Doubt(longer) > Doubt(linear)) linear = std::move(longer);
  for (const int64_t states : {2, 3}) {
    Whitened regimes = Apply(
        std::make_unique<RegimeWhitener>(series, states, seed), series, 0);
    if (regimes.independent) return regimes;
    if (Doubt(regimes) > Doubt(linear)) linear = std::move(regimes);
  }
  return linear;
}

std::unique_ptr<Whitener> LoadWhitener(const nlohmann::json& state) {
  const std::string kind = state.at("kind").get<std::string>();
  if (kind == "linear") {
    auto whitener = std::make_unique<LinearWhitener>(LinearFit());
    whitener->Load(state);
    return whitener;
  }
  if (kind == "regimes") return std::make_unique<RegimeWhitener>(state);
  throw InputError(fmt::format(
      "drift state: '{}' is not a filter; known: linear, regimes", kind));
}

}  // namespace airlock
