#include "twin/drift/ddm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/base/json.h"
#include "twin/drift/statistic_parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

const double kMissing = std::numeric_limits<double>::quiet_NaN();
const double kInfinity = std::numeric_limits<double>::infinity();

const std::vector<StatisticParameter>& DdmParameters() {
  static const std::vector<StatisticParameter> kParameters = {
      {"warm_up", 30, 1, 1e9, "values without alarm"},
      {"warning_level", 2, 0, 1e9, "standard deviations"},
      {"drift_level", 3, 0, 1e9, "classic threshold, standard deviations"},
  };
  return kParameters;
}

StatisticParameters CompleteDdm(const StatisticParameters& given) {
  return CompleteParameters("ddm", DdmParameters(), given);
}

class Ddm : public ChangeStatistic {
 public:
  explicit Ddm(const StatisticParameters& given)
      : warm_up_(WholeParameter("ddm", given, "warm_up")),
        warning_level_(given.at("warning_level")),
        drift_level_(given.at("drift_level")) {
    const double n = static_cast<double>(warm_up_ + 1);
    const double rate = 1 / (n + 2);
    one_error_ = std::sqrt(rate * (1 - rate) / n);
  }

  double Update(double value) override {
    ++count_;
    const double n = static_cast<double>(count_);
    rate_ += 1.0 / n * (value - rate_);
    if (count_ <= warm_up_) return kMissing;
    const double deviation = std::sqrt(std::max(rate_ * (1 - rate_), 0.0) / n);
    const double level = rate_ + deviation;
    if (count_ == warm_up_ + 1 || level <= least_rate_ + least_deviation_) {
      least_rate_ = rate_;
      least_deviation_ = deviation;
    }
    const double evidence = Evidence(level);
    warned_ = evidence > warning_level_ ? warned_ + 1 : 0;
    return evidence;
  }

  void Reset() override {
    count_ = 0;
    rate_ = 0;
    least_rate_ = 0;
    least_deviation_ = 0;
    warned_ = 0;
  }

  int64_t SamplesSinceChange() const override {
    return warned_ > 0 ? warned_ : -1;
  }

  void Save(json* state) const override {
    *state = {{"count", count_},
              {"rate", rate_},
              {"least_rate", least_rate_},
              {"least_deviation", least_deviation_},
              {"warned", warned_}};
  }

  void Load(const json& state) override {
    count_ = state.at("count").get<int64_t>();
    rate_ = state.at("rate").get<double>();
    least_rate_ = state.at("least_rate").get<double>();
    least_deviation_ = state.at("least_deviation").get<double>();
    warned_ = state.at("warned").get<int64_t>();
  }

 private:
  double Evidence(double level) const {
    const double excess = level - least_rate_;
    if (least_deviation_ == 0) {
      return excess > 0 ? drift_level_ + excess / one_error_ : 0;
    }
    const double evidence = excess / least_deviation_;
    // The division must not round to the other side of the published
    // comparison.
    for (const double limit : {warning_level_, drift_level_}) {
      const bool above = level > least_rate_ + limit * least_deviation_;
      if (above && evidence <= limit) return std::nextafter(limit, kInfinity);
      if (!above && evidence > limit) return limit;
    }
    return evidence;
  }

  const int64_t warm_up_;
  const double warning_level_;
  const double drift_level_;
  double one_error_;
  int64_t count_ = 0;
  double rate_ = 0;
  // Where rate + deviation was smallest.
  double least_rate_ = 0;
  double least_deviation_ = 0;
  int64_t warned_ = 0;  // values since the warning level was passed
};

std::unique_ptr<ChangeStatistic> MakeDdm(const std::vector<double>&,
                                         const StatisticParameters& given) {
  return std::make_unique<Ddm>(CompleteDdm(given));
}

double DdmThreshold(const StatisticParameters& given) {
  return std::nextafter(CompleteDdm(given).at("drift_level"), kInfinity);
}

double DdmWarning(const StatisticParameters& given) {
  return std::nextafter(CompleteDdm(given).at("warning_level"), kInfinity);
}

enum class Spread { kSample, kPopulation };

const char* NameOf(Spread spread) {
  return spread == Spread::kSample ? "eddm" : "eddm-moa";
}

const std::vector<StatisticParameter>& EddmParameters(Spread spread) {
  static const StatisticParameter kErrors = {"errors", 30, 2, 1e9,
                                             "errors without alarm"};
  static const StatisticParameter kWarning = {"alpha", 0.95, 0, 1,
                                              "ratio below which to warn"};
  static const StatisticParameter kDrift = {
      "beta", 0.9, 0, 1, "ratio below which there is a change"};
  static const std::vector<StatisticParameter> kSample = {
      {"warm_up", 30, 0, 1e9, "values that no largest distance is taken from"},
      kErrors,
      kWarning,
      kDrift};
  static const std::vector<StatisticParameter> kPopulation = {
      {"warm_up", 29, 0, 1e9, "values that no largest distance is taken from"},
      kErrors,
      kWarning,
      kDrift};
  return spread == Spread::kSample ? kSample : kPopulation;
}

StatisticParameters CompleteEddm(Spread spread,
                                 const StatisticParameters& given) {
  return CompleteParameters(NameOf(spread), EddmParameters(spread), given);
}

class Eddm : public ChangeStatistic {
 public:
  Eddm(Spread spread, const StatisticParameters& given)
      : spread_(spread),
        warm_up_(WholeParameter(NameOf(spread), given, "warm_up")),
        least_errors_(WholeParameter(NameOf(spread), given, "errors")),
        warning_level_(1 - given.at("alpha")) {}

  double Update(double value) override {
    ++count_;
    if (value != 0) TakeError();
    warned_ = evidence_ > warning_level_ ? warned_ + 1 : 0;
    return evidence_;
  }

  void Reset() override {
    count_ = 0;
    errors_ = 0;
    last_error_ = 0;
    mean_ = 0;
    squares_ = 0;
    largest_ = 0;
    warned_ = 0;
    evidence_ = kMissing;
  }

  int64_t SamplesSinceChange() const override {
    return warned_ > 0 ? warned_ : -1;
  }

  void Save(json* state) const override {
    *state = {
        {"count", count_},           {"errors", errors_},
        {"last_error", last_error_}, {"mean", mean_},
        {"squares", squares_},       {"largest", largest_},
        {"warned", warned_},         {"evidence", NumberOrNull(evidence_)}};
  }

  void Load(const json& state) override {
    count_ = state.at("count").get<int64_t>();
    errors_ = state.at("errors").get<int64_t>();
    last_error_ = state.at("last_error").get<int64_t>();
    mean_ = state.at("mean").get<double>();
    squares_ = state.at("squares").get<double>();
    largest_ = state.at("largest").get<double>();
    warned_ = state.at("warned").get<int64_t>();
    evidence_ = NumberOrMissing(state.at("evidence"));
  }

 private:
  void TakeError() {
    ++errors_;
    const double distance = static_cast<double>(count_ - last_error_);
    last_error_ = count_;
    const double n = static_cast<double>(errors_);
    const double before = mean_;
    mean_ += 1.0 / n * (distance - mean_);
    squares_ += (distance - before) * (distance - mean_);
    if (count_ <= warm_up_) return;
    const double level = mean_ + 2 * Deviation();
    if (level > largest_) {
      largest_ = level;
      if (errors_ > least_errors_) evidence_ = 0;
    } else if (errors_ > least_errors_) {
      evidence_ = 1 - level / largest_;
    }
  }

  // Of the distances between errors.
  double Deviation() const {
    const int64_t n = spread_ == Spread::kSample ? errors_ - 1 : errors_;
    return n > 0 ? std::sqrt(squares_ / static_cast<double>(n)) : 0;
  }

  const Spread spread_;
  const int64_t warm_up_;
  const int64_t least_errors_;
  const double warning_level_;
  int64_t count_ = 0;
  int64_t errors_ = 0;
  int64_t last_error_ = 0;
  double mean_ = 0;
  double squares_ = 0;
  double largest_ = 0;  // of mean + 2 deviations
  int64_t warned_ = 0;  // values since the warning level was passed
  double evidence_ = kMissing;
};

template <Spread spread>
std::unique_ptr<ChangeStatistic> MakeEddm(const std::vector<double>&,
                                          const StatisticParameters& given) {
  return std::make_unique<Eddm>(spread, CompleteEddm(spread, given));
}

// A ratio equal to the limit is not yet below it.
template <Spread spread>
double EddmThreshold(const StatisticParameters& given) {
  return std::nextafter(1 - CompleteEddm(spread, given).at("beta"), kInfinity);
}

template <Spread spread>
double EddmWarning(const StatisticParameters& given) {
  return std::nextafter(1 - CompleteEddm(spread, given).at("alpha"), kInfinity);
}

template <Spread spread>
StatisticEntry EddmEntry(const char* description) {
  return {NameOf(spread),         description,      StreamKind::kBinary,
          EddmParameters(spread), MakeEddm<spread>, EddmThreshold<spread>,
          EddmWarning<spread>};
}

}  // namespace

StatisticEntry DdmStatistic() {
  return {"ddm",
          "error rate against its least so far (Gama et al. 2004)",
          StreamKind::kBinary,
          DdmParameters(),
          MakeDdm,
          DdmThreshold,
          DdmWarning};
}

StatisticEntry EddmStatistic() {
  return EddmEntry<Spread::kSample>(
      "distance between errors against its largest so far (Baena-Garcia et "
      "al. 2006), river's rule");
}

StatisticEntry EddmMoaStatistic() {
  return EddmEntry<Spread::kPopulation>(
      "distance between errors against its largest so far, MOA's rule");
}

}  // namespace airlock
