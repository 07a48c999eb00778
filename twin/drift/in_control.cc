#include "twin/drift/in_control.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/stats/moments.h"

namespace airlock {

double ScaleOf(double mean, double standard_deviation) {
  const double least = 1e-9 * std::max(std::abs(mean), 1.0);
  // A constant column may have a spread of rounding errors.
  return standard_deviation > 1e-6 * least ? standard_deviation : least;
}

Sides SidesOf(const std::string& statistic,
              const StatisticParameters& complete) {
  const double sides = complete.at(kSidesParameter.name);
  if (sides == 2) return {true, true};
  if (sides == 1) return {true, false};
  if (sides == -1) return {false, true};
  throw InputError(fmt::format("{}: {} is {}; write one of: {}", statistic,
                               kSidesParameter.name, sides,
                               kSidesParameter.help));
}

InControl::InControl(const std::vector<double>& reference, int64_t warm_up)
    : given_(!reference.empty()), warm_up_(warm_up), known_(given_) {
  if (!given_) return;
  mean_ = Mean(reference);
  scale_ =
      ScaleOf(mean_, reference.size() > 1 ? StandardDeviation(reference) : 0.0);
}

bool InControl::Learn(double value) {
  // Welford (Technometrics 4, 1962).
  ++count_;
  const double before = mean_;
  mean_ += 1.0 / static_cast<double>(count_) * (value - mean_);
  squares_ += (value - before) * (value - mean_);
  if (count_ < warm_up_) return false;
  known_ = true;
  const double variance =
      count_ > 1 ? squares_ / static_cast<double>(count_ - 1) : 0;
  scale_ = ScaleOf(mean_, std::sqrt(std::max(variance, 0.0)));
  return true;
}

void InControl::Reset() {
  if (given_) return;
  known_ = false;
  count_ = 0;
  mean_ = 0;
  squares_ = 0;
  scale_ = 1;
}

void InControl::Save(nlohmann::json* state) const {
  if (given_) return;
  (*state)["in_control"] = {{"known", known_},
                            {"count", count_},
                            {"mean", mean_},
                            {"squares", squares_},
                            {"scale", scale_}};
}

void InControl::Load(const nlohmann::json& state) {
  if (given_) return;
  const nlohmann::json& learnt = state.at("in_control");
  known_ = learnt.at("known").get<bool>();
  count_ = learnt.at("count").get<int64_t>();
  mean_ = learnt.at("mean").get<double>();
  squares_ = learnt.at("squares").get<double>();
  scale_ = learnt.at("scale").get<double>();
}

}  // namespace airlock
