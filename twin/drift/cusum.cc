#include "twin/drift/cusum.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "twin/drift/in_control.h"
#include "twin/drift/statistic_parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

const double kInfinity = std::numeric_limits<double>::infinity();

const std::vector<StatisticParameter>& Parameters() {
  static const std::vector<StatisticParameter> kParameters = {
      {"slack", 0.5, 0, 1e9, "deviation that is let pass, standard deviations"},
      {"threshold", 5, 0, 1e9, "classic threshold, standard deviations"},
      {"warm_up", 30, 1, 1e9, "values that tell mean and standard deviation"},
      kSidesParameter,
  };
  return kParameters;
}

StatisticParameters Complete(const StatisticParameters& given) {
  return CompleteParameters("cusum", Parameters(), given);
}

class Cusum : public ChangeStatistic {
 public:
  Cusum(const std::vector<double>& reference, const StatisticParameters& given)
      : slack_(given.at("slack")),
        sides_(SidesOf("cusum", given)),
        in_control_(reference, WholeParameter("cusum", given, "warm_up")) {}

  double Update(double value) override {
    if (!in_control_.Observe(value)) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    const double slack = slack_ * in_control_.scale();
    const double deviation = value - in_control_.mean();
    if (sides_.up) Accumulate(deviation - slack, &up_);
    if (sides_.down) Accumulate(-deviation - slack, &down_);
    return std::max(up_.sum, down_.sum) / in_control_.scale();
  }

  void Reset() override {
    in_control_.Reset();
    up_ = {};
    down_ = {};
  }

  int64_t SamplesSinceChange() const override {
    const Side& side = up_.sum >= down_.sum ? up_ : down_;
    return side.sum > 0 ? side.since_zero : -1;
  }

  void Save(json* state) const override {
    in_control_.Save(state);
    (*state)["up"] = {up_.sum, up_.since_zero};
    (*state)["down"] = {down_.sum, down_.since_zero};
  }

  void Load(const json& state) override {
    in_control_.Load(state);
    up_ = SideOf(state.at("up"));
    down_ = SideOf(state.at("down"));
  }

 private:
  struct Side {
    double sum = 0;
    int64_t since_zero = 0;
  };

  static void Accumulate(double step, Side* side) {
    side->sum = std::max(0.0, side->sum + step);
    side->since_zero = side->sum > 0 ? side->since_zero + 1 : 0;
  }

  static Side SideOf(const json& saved) {
    return {saved.at(0).get<double>(), saved.at(1).get<int64_t>()};
  }

  const double slack_;
  const Sides sides_;
  InControl in_control_;
  Side up_;
  Side down_;
};

std::unique_ptr<ChangeStatistic> Make(const std::vector<double>& reference,
                                      const StatisticParameters& given) {
  return std::make_unique<Cusum>(reference, Complete(given));
}

double ClassicThreshold(const StatisticParameters& given) {
  return std::nextafter(Complete(given).at("threshold"), kInfinity);
}

double NoWarning(const StatisticParameters&) { return kInfinity; }

}  // namespace

StatisticEntry CusumStatistic() {
  return {"cusum",
          "cumulative sums of deviations from the mean (Page 1954)",
          StreamKind::kReal,
          Parameters(),
          Make,
          ClassicThreshold,
          NoWarning};
}

}  // namespace airlock
