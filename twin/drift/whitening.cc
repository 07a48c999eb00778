#include "twin/drift/whitening.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/base/error.h"
#include "twin/drift/linear_whitener.h"
#include "twin/drift/null_model.h"
#include "twin/drift/regime_whitener.h"

namespace airlock {
namespace {

constexpr size_t kFolds = 5;

// As few different values say little that a filter could use.
bool HasFewValues(const std::vector<double>& series) {
  std::set<double> levels;
  for (const double value : series) {
    if (!std::isnan(value)) levels.insert(value);
    if (levels.size() > 8) return false;
  }
  return true;
}

Whitened AsItIs(const std::vector<double>& series) {
  Whitened result;
  result.innovations = series;
  result.description = "as it is";
  result.independent = LooksIndependent(series, 0);
  return result;
}

using FitWhitener =
    std::function<std::unique_ptr<Whitener>(const std::vector<double>& series)>;

// The filter of the whole series. Its innovations come, a fold of consecutive
// samples at a time, from filters that have not seen the fold: they are as
// large and as dependent as those of the time to come, which the filter of the
// whole has not seen either (cross-fitting). Where `fit` finds nothing to take
// off a series, the values are their own innovations.
Whitened CrossFit(const std::vector<double>& series, const FitWhitener& fit) {
  Whitened result;
  result.whitener = fit(series);
  if (!result.whitener) return AsItIs(series);
  const size_t n = series.size();
  result.innovations.assign(n, std::nan(""));
  for (size_t fold = 0; fold < kFolds; ++fold) {
    const size_t begin = n * fold / kFolds, end = n * (fold + 1) / kFolds;
    std::vector<double> others = series;
    std::fill(others.begin() + static_cast<int64_t>(begin),
              others.begin() + static_cast<int64_t>(end), std::nan(""));
    const std::unique_ptr<Whitener> filter = fit(others);
    for (size_t t = 0; t < end; ++t) {
      const double innovation = filter ? filter->Next(series[t]) : series[t];
      if (t >= begin) result.innovations[t] = innovation;
    }
  }
  for (int64_t t = 0; t < result.whitener->start(); ++t) {
    result.innovations[static_cast<size_t>(t)] = std::nan("");
  }
  const std::vector<double> settled(
      result.innovations.begin() + result.whitener->start(),
      result.innovations.end());
  result.independent = LooksIndependent(settled, 0);
  result.description = result.whitener->description();
  return result;
}

FitWhitener Linear(double penalty) {
  return [penalty](const std::vector<double>& series) {
    LinearFit fit = FitCycles(series);
    std::vector<double> rest;
    LinearWhitener cycles(fit);
    for (const double value : series) {
      rest.push_back(fit.frequencies.empty() ? value - fit.mean
                                             : cycles.Next(value));
    }
    fit.coefficients = FitAutoregression(rest, penalty);
    std::unique_ptr<Whitener> filter;
    if (!fit.coefficients.empty() || !fit.frequencies.empty()) {
      filter = std::make_unique<LinearWhitener>(std::move(fit));
    }
    return filter;
  };
}

FitWhitener Regimes(int64_t states, uint64_t seed) {
  return [states, seed](const std::vector<double>& series) {
    return std::make_unique<RegimeWhitener>(series, states, seed);
  };
}

// How much dependence is left: the smaller, the more.
double Doubt(const Whitened& whitened) {
  return PortmanteauP(whitened.innovations, 20, 0);
}

}  // namespace

Whitened Whiten(const std::vector<double>& series, uint64_t seed) {
  Whitened plain = AsItIs(series);
  if (HasFewValues(series) || series.size() < 64) return plain;
  if (plain.independent && FitCycles(series).frequencies.empty()) return plain;
  Whitened best;
  for (const FitWhitener& fit :
       {Linear(std::log(static_cast<double>(series.size()))), Linear(2),
        Regimes(2, seed), Regimes(3, seed)}) {
    Whitened whitened = CrossFit(series, fit);
    if (whitened.independent) return whitened;
    if (!best.whitener || Doubt(whitened) > Doubt(best)) {
      best = std::move(whitened);
    }
  }
  return best;
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
