#include "twin/drift/ewma.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/base/json.h"
#include "twin/drift/in_control.h"
#include "twin/drift/statistic_parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

const double kMissing = std::numeric_limits<double>::quiet_NaN();
const double kInfinity = std::numeric_limits<double>::infinity();

// `deviation` from the centre as evidence, for the sides that count.
double Evidence(double deviation, const Sides& sides) {
  if (sides.up && sides.down) return std::abs(deviation);
  return sides.up ? deviation : -deviation;
}

const StatisticParameter kWarmUp = {
    "warm_up", 30, 1, 1e9, "values that tell mean and standard deviation"};

const std::vector<StatisticParameter>& EwmaParameters() {
  static const std::vector<StatisticParameter> kParameters = {
      {"lambda", 0.1, 1e-9, 1, "weight of the newest value"},
      {"threshold", 2.814, 0, 1e9,
       "classic threshold, standard deviations of the average"},
      {"exact", 1, 0, 1, "1: exact standard deviation, 0: the asymptotic one"},
      kWarmUp,
      kSidesParameter,
  };
  return kParameters;
}

const std::vector<StatisticParameter>& ShewhartParameters() {
  static const std::vector<StatisticParameter> kParameters = {
      {"threshold", 3, 0, 1e9, "classic threshold, standard deviations"},
      kWarmUp,
      kSidesParameter,
  };
  return kParameters;
}

const std::vector<StatisticParameter>& RiverParameters() {
  static const std::vector<StatisticParameter> kParameters = {
      {"lambda", 0.1, 1e-9, 1, "weight of the newest value"},
      {"threshold", 4, 0, 1e9,
       "classic threshold, standard deviations of the average"},
      {"warm_up", 30, 1, 1e9, "no alarm before this value"},
      kSidesParameter,
  };
  return kParameters;
}

class Ewma : public ChangeStatistic {
 public:
  Ewma(double lambda, bool exact, const Sides& sides, const InControl& control)
      : lambda_(lambda), exact_(exact), sides_(sides), in_control_(control) {}

  double Update(double value) override {
    if (!in_control_.Observe(value)) return kMissing;
    const double keep = 1 - lambda_;
    average_ = lambda_ * (value - in_control_.mean()) + keep * average_;
    decay_ *= keep * keep;
    const double variance =
        lambda_ / (2 - lambda_) * (exact_ ? 1 - decay_ : 1.0);
    return Evidence(average_ / (in_control_.scale() * std::sqrt(variance)),
                    sides_);
  }

  void Reset() override {
    in_control_.Reset();
    average_ = 0;
    decay_ = 1;
  }

  void Save(json* state) const override {
    in_control_.Save(state);
    (*state)["average"] = average_;
    (*state)["decay"] = decay_;
  }

  void Load(const json& state) override {
    in_control_.Load(state);
    average_ = state.at("average").get<double>();
    decay_ = state.at("decay").get<double>();
  }

 private:
  const double lambda_;
  const bool exact_;
  const Sides sides_;
  InControl in_control_;
  double average_ = 0;  // of the deviations from the mean
  double decay_ = 1;    // (1 - lambda)^2t
};

// river's exponentially weighted mean: one that is exactly 0 is replaced.
void Average(double lambda, double value, double* mean) {
  *mean = *mean == 0 ? value : lambda * value + (1 - lambda) * *mean;
}

class EwmaRiver : public ChangeStatistic {
 public:
  explicit EwmaRiver(const StatisticParameters& given)
      : lambda_(given.at("lambda")),
        warm_up_(WholeParameter("ewma-river", given, "warm_up")),
        sides_(SidesOf("ewma-river", given)) {}

  double Update(double value) override {
    const double keep = 1 - lambda_;
    average_ = count_ == 0 ? value : lambda_ * value + keep * average_;
    ++count_;
    mean_ += 1.0 / static_cast<double>(count_) * (value - mean_);
    Average(lambda_, value, &weighted_mean_);
    Average(lambda_, value * value, &weighted_square_);
    decay_ *= keep * keep;
    if (count_ < warm_up_) return kMissing;
    const double variance =
        std::max(weighted_square_ - weighted_mean_ * weighted_mean_, 0.0);
    const double scale = ScaleOf(mean_, std::sqrt(variance));
    const double factor = lambda_ / (2 - lambda_) * (1 - decay_);
    return Evidence((average_ - mean_) / (scale * std::sqrt(factor)), sides_);
  }

  void Reset() override {
    count_ = 0;
    average_ = 0;
    mean_ = 0;
    weighted_mean_ = 0;
    weighted_square_ = 0;
    decay_ = 1;
  }

  void Save(json* state) const override {
    *state = {{"count", count_},
              {"average", average_},
              {"mean", mean_},
              {"weighted_mean", weighted_mean_},
              {"weighted_square", weighted_square_},
              {"decay", decay_}};
  }

  void Load(const json& state) override {
    count_ = state.at("count").get<int64_t>();
    average_ = state.at("average").get<double>();
    mean_ = state.at("mean").get<double>();
    weighted_mean_ = state.at("weighted_mean").get<double>();
    weighted_square_ = state.at("weighted_square").get<double>();
    decay_ = state.at("decay").get<double>();
  }

 private:
  const double lambda_;
  const int64_t warm_up_;
  const Sides sides_;
  int64_t count_ = 0;
  double average_ = 0;
  double mean_ = 0;
  double weighted_mean_ = 0;
  double weighted_square_ = 0;
  double decay_ = 1;
};

std::unique_ptr<ChangeStatistic> MakeEwma(const std::vector<double>& reference,
                                          const StatisticParameters& given) {
  const StatisticParameters all =
      CompleteParameters("ewma", EwmaParameters(), given);
  return std::make_unique<Ewma>(
      all.at("lambda"), WholeParameter("ewma", all, "exact") == 1,
      SidesOf("ewma", all),
      InControl(reference, WholeParameter("ewma", all, "warm_up")));
}

std::unique_ptr<ChangeStatistic> MakeShewhart(
    const std::vector<double>& reference, const StatisticParameters& given) {
  const StatisticParameters all =
      CompleteParameters("shewhart", ShewhartParameters(), given);
  return std::make_unique<Ewma>(
      1.0, true, SidesOf("shewhart", all),
      InControl(reference, WholeParameter("shewhart", all, "warm_up")));
}

std::unique_ptr<ChangeStatistic> MakeEwmaRiver(
    const std::vector<double>&, const StatisticParameters& given) {
  return std::make_unique<EwmaRiver>(
      CompleteParameters("ewma-river", RiverParameters(), given));
}

// A deviation equal to the limit is still within.
double Above(const StatisticParameters& all) {
  return std::nextafter(all.at("threshold"), kInfinity);
}

double EwmaThreshold(const StatisticParameters& given) {
  return Above(CompleteParameters("ewma", EwmaParameters(), given));
}

double ShewhartThreshold(const StatisticParameters& given) {
  return Above(CompleteParameters("shewhart", ShewhartParameters(), given));
}

double RiverThreshold(const StatisticParameters& given) {
  return Above(CompleteParameters("ewma-river", RiverParameters(), given));
}

double NoWarning(const StatisticParameters&) { return kInfinity; }

}  // namespace

StatisticEntry EwmaStatistic() {
  return {"ewma",
          "exponentially weighted moving average (Roberts 1959)",
          StreamKind::kReal,
          EwmaParameters(),
          MakeEwma,
          EwmaThreshold,
          NoWarning};
}

StatisticEntry EwmaRiverStatistic() {
  return {"ewma-river",
          "moving average against the stream's own mean, river's rule",
          StreamKind::kReal,
          RiverParameters(),
          MakeEwmaRiver,
          RiverThreshold,
          NoWarning};
}

StatisticEntry ShewhartStatistic() {
  return {
      "shewhart",        "each value's deviation from the mean (Shewhart 1931)",
      StreamKind::kReal, ShewhartParameters(),
      MakeShewhart,      ShewhartThreshold,
      NoWarning};
}

}  // namespace airlock
