#include "twin/drift/hddm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "twin/drift/statistic_parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

const double kInfinity = std::numeric_limits<double>::infinity();

constexpr StatisticParameter kDrift = {
    "drift", 0.001, 1e-300, 1, "confidence of cuts and classic threshold"};
constexpr StatisticParameter kWarning = {"warning", 0.005, 1e-300, 1,
                                         "confidence of the warning"};
constexpr StatisticParameter kTwoSided = {"two_sided", 0, 0, 1,
                                          "1: decreases count, too"};

const std::vector<StatisticParameter>& AverageParameters() {
  static const std::vector<StatisticParameter> kParameters = {kDrift, kWarning,
                                                              kTwoSided};
  return kParameters;
}

const std::vector<StatisticParameter>& WeightedParameters() {
  static const std::vector<StatisticParameter> kParameters = {
      kDrift,
      kWarning,
      {"lambda", 0.05, 1e-9, 1, "weight of the newest value"},
      kTwoSided};
  return kParameters;
}

class HddmA : public ChangeStatistic {
 public:
  explicit HddmA(const StatisticParameters& all)
      : log_confidence_(-std::log(all.at("drift"))),
        two_sided_(WholeParameter("hddm-a", all, "two_sided") == 1) {}

  double Update(double value) override {
    ++whole_.count;
    whole_.mean +=
        1.0 / static_cast<double>(whole_.count) * (value - whole_.mean);
    whole_.bound = Bound(whole_.count);
    if (lowest_.count == 0 ||
        lowest_.mean + lowest_.bound >= whole_.mean + whole_.bound) {
      lowest_ = whole_;
    }
    double evidence = Evidence(lowest_, whole_.mean - lowest_.mean);
    if (two_sided_) {
      if (highest_.count == 0 ||
          highest_.mean - highest_.bound <= whole_.mean - whole_.bound) {
        highest_ = whole_;
      }
      evidence =
          std::max(evidence, Evidence(highest_, highest_.mean - whole_.mean));
    }
    return evidence;
  }

  void Reset() override {
    whole_ = {};
    lowest_ = {};
    highest_ = {};
  }

  int64_t SamplesSinceChange() const override {
    const bool down =
        two_sided_ && Evidence(highest_, highest_.mean - whole_.mean) >
                          Evidence(lowest_, whole_.mean - lowest_.mean);
    const int64_t since = whole_.count - (down ? highest_ : lowest_).count;
    return since > 0 ? since : -1;
  }

  void Save(json* state) const override {
    *state = {{"whole", {whole_.count, whole_.mean}},
              {"lowest", {lowest_.count, lowest_.mean}},
              {"highest", {highest_.count, highest_.mean}}};
  }

  void Load(const json& state) override {
    whole_ = StartOf(state.at("whole"));
    lowest_ = StartOf(state.at("lowest"));
    highest_ = StartOf(state.at("highest"));
  }

 private:
  // The first `count` values.
  struct Start {
    int64_t count = 0;
    double mean = 0;
    double bound = 0;
  };

  double Bound(int64_t count) const {
    return std::sqrt(1.0 / (2.0 * static_cast<double>(count)) *
                     log_confidence_);
  }

  // -ln of the confidence at which the mean of all differs from that of `start`
  // by `difference`: difference = sqrt(m / 2 ln(2 / confidence)).
  double Evidence(const Start& start, double difference) const {
    if (start.count == whole_.count || difference < 0) return -std::log(2.0);
    const double n = static_cast<double>(start.count);
    const double all = static_cast<double>(whole_.count);
    const double m = (all - n) / n * (1.0 / all);
    return 2 * difference * difference / m - std::log(2.0);
  }

  Start StartOf(const json& saved) const {
    const int64_t count = saved.at(0).get<int64_t>();
    return {count, saved.at(1).get<double>(), count > 0 ? Bound(count) : 0};
  }

  const double log_confidence_;
  const bool two_sided_;
  Start whole_;
  Start lowest_;
  Start highest_;
};

enum class Averaging { kMoa, kRiverLegacy };

const char* NameOf(Averaging averaging) {
  return averaging == Averaging::kMoa ? "hddm-w" : "hddm-w-river-legacy";
}

class HddmW : public ChangeStatistic {
 public:
  HddmW(Averaging averaging, const StatisticParameters& all)
      : averaging_(averaging),
        log_confidence_(-std::log(all.at("drift"))),
        warning_level_(-std::log(all.at("warning"))),
        lambda_(all.at("lambda")),
        two_sided_(WholeParameter(NameOf(averaging), all, "two_sided") == 1) {}

  double Update(double value) override {
    Add(value, &whole_);
    const double bound = std::sqrt(whole_.weights * log_confidence_ / 2);
    Cut(whole_.mean + bound, value, &up_);
    double evidence = Evidence(up_.after.mean - up_.before.mean, up_);
    if (two_sided_) {
      Cut(bound - whole_.mean, value, &down_);
      evidence = std::max(
          evidence, Evidence(down_.before.mean - down_.after.mean, down_));
    }
    warned_ = evidence > warning_level_ ? warned_ + 1 : 0;
    return evidence;
  }

  void Reset() override {
    whole_ = {};
    up_ = {};
    down_ = {};
    warned_ = 0;
  }

  int64_t SamplesSinceChange() const override {
    return warned_ > 0 ? warned_ : -1;
  }

  void Save(json* state) const override {
    *state = {{"whole", Saved(whole_)},
              {"up", {up_.least, Saved(up_.before), Saved(up_.after)}},
              {"down", {down_.least, Saved(down_.before), Saved(down_.after)}},
              {"warned", warned_}};
  }

  void Load(const json& state) override {
    whole_ = PartOf(state.at("whole"));
    for (auto& [name, side] : {std::pair{"up", &up_}, {"down", &down_}}) {
      const json& saved = state.at(name);
      *side = {saved.at(0).get<double>(), PartOf(saved.at(1)),
               PartOf(saved.at(2))};
    }
    warned_ = state.at("warned").get<int64_t>();
  }

 private:
  // An exponentially weighted mean, and the sum of its squared weights.
  struct Part {
    int64_t count = 0;
    double mean = 0;
    double weights = 1;
  };
  // Where the mean with its bound was least.
  struct Side {
    double least = 0;
    Part before;
    Part after;
  };

  void Add(double value, Part* part) const {
    const bool river = averaging_ == Averaging::kRiverLegacy;
    const double keep = 1 - lambda_;
    const bool replace = river ? part->mean == 0 : part->count == 0;
    part->mean = replace ? value : lambda_ * value + keep * part->mean;
    if (river || part->count > 0) {
      part->weights = lambda_ * lambda_ + keep * keep * part->weights;
    }
    ++part->count;
  }

  void Cut(double level, double value, Side* side) const {
    if (side->before.count == 0 || level < side->least) {
      *side = {level, whole_, Part()};
    } else {
      Add(value, &side->after);
    }
  }

  // -ln of the confidence at which McDiarmid's bound is `difference`.
  static double Evidence(double difference, const Side& side) {
    if (side.after.count == 0 || difference <= 0) return 0;
    return 2 * difference * difference /
           (side.before.weights + side.after.weights);
  }

  static json Saved(const Part& part) {
    return {part.count, part.mean, part.weights};
  }

  static Part PartOf(const json& saved) {
    return {saved.at(0).get<int64_t>(), saved.at(1).get<double>(),
            saved.at(2).get<double>()};
  }

  const Averaging averaging_;
  const double log_confidence_;
  const double warning_level_;
  const double lambda_;
  const bool two_sided_;
  Part whole_;
  Side up_;
  Side down_;
  int64_t warned_ = 0;  // values since the warning level was passed
};

StatisticParameters CompleteA(const StatisticParameters& given) {
  return CompleteParameters("hddm-a", AverageParameters(), given);
}

std::unique_ptr<ChangeStatistic> MakeA(const std::vector<double>&,
                                       const StatisticParameters& given) {
  return std::make_unique<HddmA>(CompleteA(given));
}

double ThresholdA(const StatisticParameters& given) {
  return -std::log(CompleteA(given).at("drift"));
}

double WarningA(const StatisticParameters& given) {
  return -std::log(CompleteA(given).at("warning"));
}

StatisticParameters CompleteW(Averaging averaging,
                              const StatisticParameters& given) {
  return CompleteParameters(NameOf(averaging), WeightedParameters(), given);
}

template <Averaging averaging>
std::unique_ptr<ChangeStatistic> MakeW(const std::vector<double>&,
                                       const StatisticParameters& given) {
  return std::make_unique<HddmW>(averaging, CompleteW(averaging, given));
}

// A difference equal to the bound is not yet a change.
template <Averaging averaging>
double ThresholdW(const StatisticParameters& given) {
  return std::nextafter(-std::log(CompleteW(averaging, given).at("drift")),
                        kInfinity);
}

template <Averaging averaging>
double WarningW(const StatisticParameters& given) {
  return std::nextafter(-std::log(CompleteW(averaging, given).at("warning")),
                        kInfinity);
}

template <Averaging averaging>
StatisticEntry EntryW(const char* description) {
  return {NameOf(averaging),    description,      StreamKind::kUnitInterval,
          WeightedParameters(), MakeW<averaging>, ThresholdW<averaging>,
          WarningW<averaging>};
}

}  // namespace

StatisticEntry HddmAStatistic() {
  return {"hddm-a",
          "means within Hoeffding's bound (Frias-Blanco et al. 2015)",
          StreamKind::kUnitInterval,
          AverageParameters(),
          MakeA,
          ThresholdA,
          WarningA};
}

StatisticEntry HddmWStatistic() {
  return EntryW<Averaging::kMoa>(
      "weighted means within McDiarmid's bound (Frias-Blanco et al. 2015)");
}

StatisticEntry HddmWRiverLegacyStatistic() {
  return EntryW<Averaging::kRiverLegacy>(
      "weighted means within McDiarmid's bound, river's rule to 0.23");
}

}  // namespace airlock
