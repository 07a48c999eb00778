#include "twin/drift/binned_window.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "twin/drift/statistic_parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kOne = 1125899906842624.0;  // 2^50
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr char kJensenShannon[] = "jensen-shannon";
constexpr char kPsi[] = "psi";

// Half the bin's terms of both histograms; nats.
double JensenShannonTerm(double p, double q) {
  const double m = (p + q) / 2;
  double term = 0;
  if (p > 0) term += p * std::log(p / m);
  if (q > 0) term += q * std::log(q / m);
  return term / 2;
}

// What both statistics share: the window, and bins of the reference.
std::vector<StatisticParameter> WithBinning(
    const std::vector<StatisticParameter>& own) {
  std::vector<StatisticParameter> all = {
      {"window", 100, 10, 10000, "values compared with the reference"},
      {"bins", 10, 2, 200, "bins of the reference, at most `window`"},
      {"fixed-bins", 0, 0, 1,
       "0: bins of equal share of the reference, 1: of equal width"},
  };
  all.insert(all.end(), own.begin(), own.end());
  return all;
}

Bins MakeBins(const std::vector<double>& reference, int64_t count, bool fixed) {
  if (!fixed) return Bins::Quantiles(reference, count);
  const auto [low, high] =
      std::minmax_element(reference.begin(), reference.end());
  return *low < *high ? Bins::Fixed(*low, *high, count)
                      : Bins::Quantiles(reference, count);
}

BinnedWindow MakeWindow(const char* name, const std::vector<double>& reference,
                        const StatisticParameters& complete,
                        const BinnedWindow::Term& term) {
  const int64_t window = WholeParameter(name, complete, "window");
  const int64_t count = WholeParameter(name, complete, "bins");
  if (count > window) {
    throw InputError(fmt::format(
        "{}: {} bins for a window of {} values; write at most as many", name,
        count, window));
  }
  if (static_cast<int64_t>(reference.size()) < window) {
    throw InputError(fmt::format(
        "{}: the reference has {} values; a window of {} needs as many", name,
        reference.size(), window));
  }
  Bins bins = MakeBins(reference, count, complete.at("fixed-bins") != 0);
  std::vector<double> shares = bins.Histogram(reference);
  for (double& share : shares) share /= static_cast<double>(reference.size());
  return BinnedWindow(std::move(bins), std::move(shares), window, term);
}

// The divergence of a window, made evidence by a subclass.
class BinnedStatistic : public ChangeStatistic {
 public:
  explicit BinnedStatistic(BinnedWindow window) : window_(std::move(window)) {}

  double Update(double value) override {
    window_.Push(value);
    return window_.full() ? Evidence(window_) : kUnknown;
  }
  void Reset() override { window_.Reset(); }
  void Save(json* state) const override {
    *state = {{"contents", window_.Contents()}};
  }
  void Load(const json& state) override {
    window_.Restore(state.at("contents").get<std::vector<int64_t>>());
  }

 private:
  virtual double Evidence(const BinnedWindow& window) const = 0;

  BinnedWindow window_;
};

class WindowPsi : public BinnedStatistic {
 public:
  using BinnedStatistic::BinnedStatistic;

 private:
  double Evidence(const BinnedWindow& window) const override {
    return window.Divergence();
  }
};

class WindowJensenShannon : public BinnedStatistic {
 public:
  WindowJensenShannon(BinnedWindow window, int64_t reference_values,
                      const StatisticParameters& complete)
      : BinnedStatistic(std::move(window)),
        reference_values_(reference_values),
        window_values_(static_cast<int64_t>(complete.at("window"))),
        per_nat_(complete.at("bits") != 0 ? 1 / M_LN2 : 1),
        distance_(complete.at("distance") != 0),
        unbiased_(complete.at("unbiased") != 0),
        effect_(complete.at("effect")) {}

 private:
  double Evidence(const BinnedWindow& window) const override {
    const double plain = window.Divergence();
    if (!unbiased_ && effect_ == 0) return InUnit(plain);
    const double unbiased =
        plain -
        JensenShannonBias(window.occupied(), reference_values_, window_values_);
    if (effect_ > 0 && InUnit(unbiased) < effect_) return 0;
    return InUnit(unbiased_ ? unbiased : plain);
  }
  double InUnit(double nats) const {
    const double divergence = nats * per_nat_;
    return distance_ ? std::sqrt(std::max(divergence, 0.0)) : divergence;
  }

  int64_t reference_values_;
  int64_t window_values_;
  double per_nat_;
  bool distance_;
  bool unbiased_;
  double effect_;
};

const std::vector<StatisticParameter>& JensenShannonParameters() {
  static const std::vector<StatisticParameter> parameters = WithBinning({
      {"bits", 0, 0, 1, "0: nats, 1: bits"},
      {"distance", 0, 0, 1, "0: the divergence, 1: its square root"},
      {"unbiased", 0, 0, 1, "1: less the bias of finite samples"},
      {"effect", 0, 0, 1,
       "unbiased divergence or distance below which nothing is evidence"},
      {"threshold", 0.1, 0, 1, "classic threshold, in the unit chosen"},
  });
  return parameters;
}

std::unique_ptr<ChangeStatistic> MakeJensenShannon(
    const std::vector<double>& reference, const StatisticParameters& given) {
  const StatisticParameters complete =
      CompleteParameters(kJensenShannon, JensenShannonParameters(), given);
  return std::make_unique<WindowJensenShannon>(
      MakeWindow(kJensenShannon, reference, complete, JensenShannonTerm),
      static_cast<int64_t>(reference.size()), complete);
}

const std::vector<StatisticParameter>& PsiParameters() {
  static const std::vector<StatisticParameter> parameters = WithBinning({
      {"floor", 1e-4, 0, 0.01, "least share of a bin; 0: smallest number"},
      {"threshold", 0.2, 0, 1e4, "classic threshold"},
  });
  return parameters;
}

std::unique_ptr<ChangeStatistic> MakePsi(const std::vector<double>& reference,
                                         const StatisticParameters& given) {
  const StatisticParameters complete =
      CompleteParameters(kPsi, PsiParameters(), given);
  const double floor = complete.at("floor");
  const auto term = [floor](double p, double q) {
    return PopulationStabilityTerm(p, q, floor);
  };
  return std::make_unique<WindowPsi>(
      MakeWindow(kPsi, reference, complete, term));
}

double JensenShannonThreshold(const StatisticParameters& given) {
  const StatisticParameters complete =
      CompleteParameters(kJensenShannon, JensenShannonParameters(), given);
  const double threshold = complete.at("threshold");
  const bool bits = complete.at("bits") != 0;
  double bound = JensenShannonBound(bits ? LogBase::kBits : LogBase::kNats);
  if (complete.at("distance") != 0) bound = std::sqrt(bound);
  if (!(threshold > 0 && threshold < bound)) {
    throw InputError(fmt::format(
        "{}: threshold {} can never tell; write one between 0 and {} {}",
        kJensenShannon, threshold, bound, bits ? "bits" : "nats"));
  }
  return threshold;
}

double PsiThreshold(const StatisticParameters& given) {
  return CompleteParameters(kPsi, PsiParameters(), given).at("threshold");
}

double NoWarning(const StatisticParameters&) {
  return std::numeric_limits<double>::infinity();
}

}  // namespace

BinnedWindow::BinnedWindow(Bins bins, std::vector<double> shares,
                           int64_t window, const Term& term)
    : bins_(std::move(bins)), shares_(std::move(shares)), window_(window) {
  AIRLOCK_CHECK(static_cast<int64_t>(shares_.size()) == bins_.count(),
                "{} shares, {} bins", shares_.size(), bins_.count());
  for (const double share : shares_) {
    for (int64_t count = 0; count <= window_; ++count) {
      const double value = term(
          share, static_cast<double>(count) / static_cast<double>(window_));
      terms_.push_back(std::llround(value * kOne));
    }
  }
  ring_.resize(static_cast<size_t>(window_));
  Reset();
}

void BinnedWindow::Reset() {
  counts_.assign(shares_.size(), 0);
  sum_ = 0;
  occupied_ = 0;
  for (size_t bin = 0; bin < shares_.size(); ++bin) {
    sum_ += terms_[bin * static_cast<size_t>(window_ + 1)];
    occupied_ += shares_[bin] > 0;
  }
  position_ = 0;
  filled_ = 0;
}

void BinnedWindow::Push(double value) {
  PushBin(static_cast<int32_t>(bins_.Index(value)));
}

void BinnedWindow::PushBin(int32_t bin) {
  int32_t& slot = ring_[static_cast<size_t>(position_)];
  if (filled_ == window_) {
    Count(slot, -1);
  } else {
    ++filled_;
  }
  Count(bin, 1);
  slot = bin;
  position_ = position_ + 1 == window_ ? 0 : position_ + 1;
}

void BinnedWindow::Count(int32_t bin, int64_t step) {
  const size_t at = static_cast<size_t>(bin);
  const int64_t* terms = &terms_[at * static_cast<size_t>(window_ + 1)];
  const int64_t before = counts_[at];
  const int64_t after = before + step;
  sum_ += terms[after] - terms[before];
  if (shares_[at] == 0) occupied_ += (after > 0) - (before > 0);
  counts_[at] = after;
}

double BinnedWindow::Divergence() const {
  return static_cast<double>(std::max<int64_t>(sum_, 0)) / kOne;
}

std::vector<int64_t> BinnedWindow::Contents() const {
  std::vector<int64_t> contents;
  for (int64_t i = 0; i < filled_; ++i) {
    const int64_t slot = (position_ - filled_ + i + window_) % window_;
    contents.push_back(ring_[static_cast<size_t>(slot)]);
  }
  return contents;
}

void BinnedWindow::Restore(const std::vector<int64_t>& contents) {
  if (static_cast<int64_t>(contents.size()) > window_) {
    throw InputError(fmt::format("drift state: {} values for a window of {}",
                                 contents.size(), window_));
  }
  for (const int64_t bin : contents) {
    if (bin < 0 || bin >= bins_.count()) {
      throw InputError(fmt::format("drift state: there is no bin {}", bin));
    }
  }
  Reset();
  for (const int64_t bin : contents) PushBin(static_cast<int32_t>(bin));
}

StatisticEntry JensenShannonStatistic() {
  return {kJensenShannon,
          "Jensen-Shannon divergence of a window from the reference (Lin 1991)",
          StreamKind::kReal,
          JensenShannonParameters(),
          MakeJensenShannon,
          JensenShannonThreshold,
          NoWarning};
}

StatisticEntry PopulationStabilityStatistic() {
  return {kPsi,
          "population stability index of a window against the reference "
          "(Wu and Olson 2010)",
          StreamKind::kReal,
          PsiParameters(),
          MakePsi,
          PsiThreshold,
          NoWarning};
}

}  // namespace airlock
