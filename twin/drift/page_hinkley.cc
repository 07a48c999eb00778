#include "twin/drift/page_hinkley.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/stats/moments.h"
#include "twin/drift/in_control.h"
#include "twin/drift/statistic_parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

const double kMissing = std::numeric_limits<double>::quiet_NaN();
const double kInfinity = std::numeric_limits<double>::infinity();

enum class Rule { kRelative, kClipped, kUnclipped };

constexpr const char* NameOf(Rule rule) {
  switch (rule) {
    case Rule::kRelative:
      return "page-hinkley";
    case Rule::kClipped:
      return "page-hinkley-clipped";
    case Rule::kUnclipped:
      return "page-hinkley-unclipped";
  }
  return "";
}

const std::vector<StatisticParameter>& Parameters(Rule rule) {
  static const std::vector<StatisticParameter> kUpwards = {
      {"warm_up", 30, 1, 1e9, "no alarm before this value"},
      {"delta", 0.005, 0, 1e9, "deviation that is let pass"},
      {"threshold", 50, 0, 1e300, "classic threshold (lambda)"},
      {"alpha", 0.9999, 0, 1, "what the sum keeps from value to value"},
  };
  static const std::vector<StatisticParameter> kSided = [] {
    std::vector<StatisticParameter> parameters = kUpwards;
    parameters.push_back(kSidesParameter);
    return parameters;
  }();
  return rule == Rule::kRelative ? kSided : kUpwards;
}

StatisticParameters Complete(Rule rule, const StatisticParameters& given) {
  return CompleteParameters(NameOf(rule), Parameters(rule), given);
}

class PageHinkley : public ChangeStatistic {
 public:
  PageHinkley(Rule rule, const std::vector<double>& reference,
              const StatisticParameters& given)
      : rule_(rule),
        warm_up_(WholeParameter(NameOf(rule), given, "warm_up")),
        delta_(given.at("delta")),
        alpha_(given.at("alpha")),
        sides_(rule == Rule::kRelative ? SidesOf(NameOf(rule), given)
                                       : Sides{true, false}) {
    if (reference.empty()) return;
    centre_ = Mean(reference);
    scale_ = ScaleOf(centre_,
                     reference.size() > 1 ? StandardDeviation(reference) : 0.0);
  }

  double Update(double value) override {
    value = (value - centre_) / scale_;
    ++count_;
    mean_ += 1.0 / static_cast<double>(count_) * (value - mean_);
    const double deviation = value - mean_;
    if (sides_.up) Accumulate(deviation, &up_);
    if (sides_.down) Accumulate(-deviation, &down_);
    if (count_ < warm_up_) return kMissing;
    return std::max(EvidenceOf(up_, sides_.up), EvidenceOf(down_, sides_.down));
  }

  void Reset() override {
    count_ = 0;
    mean_ = 0;
    up_ = {};
    down_ = {};
  }

  int64_t SamplesSinceChange() const override {
    if (count_ < warm_up_) return -1;
    const double up = EvidenceOf(up_, sides_.up);
    const double down = EvidenceOf(down_, sides_.down);
    const int64_t since = up >= down ? up_.since_least : down_.since_least;
    return since > 0 ? since : -1;
  }

  void Save(json* state) const override {
    *state = {{"count", count_},
              {"mean", mean_},
              {"up", {up_.sum, up_.least, up_.since_least}},
              {"down", {down_.sum, down_.least, down_.since_least}}};
  }

  void Load(const json& state) override {
    count_ = state.at("count").get<int64_t>();
    mean_ = state.at("mean").get<double>();
    up_ = SideOf(state.at("up"));
    down_ = SideOf(state.at("down"));
  }

 private:
  // The sum for decreases is that for increases of the negated stream.
  struct Side {
    double sum = 0;
    double least = 0;
    int64_t since_least = 0;
  };

  // Adds in the order of the respective publication: equal to the last bit.
  void Accumulate(double deviation, Side* side) const {
    side->sum = rule_ == Rule::kRelative
                    ? alpha_ * side->sum + deviation - delta_
                    : alpha_ * side->sum + (deviation - delta_);
    if (rule_ == Rule::kClipped && side->sum < 0) side->sum = 0;
    if (count_ == 1 || side->sum < side->least ||
        (rule_ == Rule::kClipped && side->sum == 0)) {
      side->least = side->sum;
      side->since_least = 0;
    } else {
      ++side->since_least;
    }
  }

  double EvidenceOf(const Side& side, bool watched) const {
    if (!watched) return -kInfinity;
    return rule_ == Rule::kRelative ? side.sum - side.least : side.sum;
  }

  static Side SideOf(const json& saved) {
    return {saved.at(0).get<double>(), saved.at(1).get<double>(),
            saved.at(2).get<int64_t>()};
  }

  const Rule rule_;
  const int64_t warm_up_;
  const double delta_;
  const double alpha_;
  const Sides sides_;
  double centre_ = 0;
  double scale_ = 1;
  int64_t count_ = 0;
  double mean_ = 0;
  Side up_;
  Side down_;
};

template <Rule rule>
std::unique_ptr<ChangeStatistic> Make(const std::vector<double>& reference,
                                      const StatisticParameters& given) {
  return std::make_unique<PageHinkley>(rule, reference, Complete(rule, given));
}

template <Rule rule>
double ClassicThreshold(const StatisticParameters& given) {
  return std::nextafter(Complete(rule, given).at("threshold"), kInfinity);
}

double NoWarning(const StatisticParameters&) { return kInfinity; }

template <Rule rule>
StatisticEntry Entry(const char* description) {
  return {NameOf(rule),     description, StreamKind::kReal,
          Parameters(rule), Make<rule>,  ClassicThreshold<rule>,
          NoWarning};
}

}  // namespace

StatisticEntry PageHinkleyStatistic() {
  return Entry<Rule::kRelative>(
      "deviations from the running mean, above their least sum (Page 1954, "
      "Hinkley 1971)");
}

StatisticEntry PageHinkleyClippedStatistic() {
  return Entry<Rule::kClipped>(
      "Page-Hinkley with a sum held at zero, increases only (early river)");
}

StatisticEntry PageHinkleyUnclippedStatistic() {
  return Entry<Rule::kUnclipped>(
      "Page-Hinkley with an unbounded sum, increases only (MOA, frouros)");
}

}  // namespace airlock
