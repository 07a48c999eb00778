#include "twin/drift/two_sample_window.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "sim/stats/interval.h"
#include "sim/stats/two_sample.h"
#include "twin/drift/sorted_window.h"
#include "twin/drift/statistic_parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

const StatisticParameter kWindow = {"window", 100, 10, 10000,
                                    "values compared with the reference"};
const StatisticParameter kStride = {"stride", 5, 1, 10000,
                                    "values from one evaluation to the next"};
const StatisticParameter kAlpha = {
    "alpha", 0.05, 1e-12, 0.5, "level of the classic threshold, of one test"};
// The bound on quadratic forms holds below .215.
const StatisticParameter kBoundedAlpha = {
    "alpha", 0.05, 1e-12, 0.215, "level of the classic threshold, of one test"};
const StatisticParameter kBandwidth = {
    "bandwidth", 1, 0.1, 10,
    "standard deviation of the kernel, in median distances of the reference"};

// n w / (n + w).
double EffectiveSize(double n, double w) { return n * w / (n + w); }

double EffectiveSize(const SortedWindow& window,
                     const ReferenceSample& reference) {
  return EffectiveSize(static_cast<double>(reference.size()),
                       static_cast<double>(window.sorted().size()));
}

// A window that is evaluated every `stride` values.
class StridedStatistic : public ChangeStatistic {
 public:
  explicit StridedStatistic(int64_t stride) : stride_(stride) {}

  double Update(double value) final {
    Push(value);
    if (!Full()) return kUnknown;
    if (since_evaluation_ == 0) evidence_ = Evaluate();
    since_evaluation_ =
        since_evaluation_ + 1 == stride_ ? 0 : since_evaluation_ + 1;
    return evidence_;
  }
  void Reset() final {
    Clear();
    since_evaluation_ = 0;
    evidence_ = kUnknown;
  }
  void Save(json* state) const final {
    *state = {{"values", Contents()},
              {"since_evaluation", since_evaluation_},
              {"evidence", NumberOrNull(evidence_)}};
  }
  void Load(const json& state) final;

 private:
  virtual void Push(double value) = 0;
  virtual bool Full() const = 0;
  virtual double Evaluate() const = 0;
  virtual void Clear() = 0;
  // Oldest first.
  virtual std::vector<double> Contents() const = 0;
  virtual int64_t window() const = 0;

  int64_t stride_;
  int64_t since_evaluation_ = 0;
  double evidence_ = kUnknown;
};

void StridedStatistic::Load(const json& state) {
  const auto values = state.at("values").get<std::vector<double>>();
  const int64_t since = state.at("since_evaluation").get<int64_t>();
  const json& evidence = state.at("evidence");
  if (static_cast<int64_t>(values.size()) > window() || since < 0 ||
      since >= stride_) {
    throw InputError(fmt::format(
        "drift state: {} values, {} since the last evaluation, do not fit a "
        "window of {} with stride {}",
        values.size(), since, window(), stride_));
  }
  Reset();
  for (const double value : values) Push(value);
  since_evaluation_ = since;
  evidence_ = evidence.is_null() ? kUnknown : evidence.get<double>();
}

// Statistics of a window kept in order.
class SortedStatistic : public StridedStatistic {
 public:
  using Formula = double (*)(const SortedWindow&, const ReferenceSample&);

  SortedStatistic(const std::vector<double>& reference, int64_t window,
                  int64_t stride, Formula formula)
      : StridedStatistic(stride),
        reference_(reference),
        size_(window),
        window_(&reference_, window),
        formula_(formula) {}

 private:
  void Push(double value) override { window_.Push(value); }
  bool Full() const override { return window_.full(); }
  double Evaluate() const override { return formula_(window_, reference_); }
  void Clear() override { window_.Reset(); }
  std::vector<double> Contents() const override { return window_.Contents(); }
  int64_t window() const override { return size_; }

  ReferenceSample reference_;
  int64_t size_;
  SortedWindow window_;
  Formula formula_;
};

double KolmogorovSmirnovEvidence(const SortedWindow& window,
                                 const ReferenceSample& reference) {
  const double root = std::sqrt(EffectiveSize(window, reference));
  return (root + 0.12 + 0.11 / root) * window.KolmogorovSmirnovD();
}

double CramerVonMisesEvidence(const SortedWindow& window,
                              const ReferenceSample& reference) {
  const double n = static_cast<double>(reference.size());
  const double w = static_cast<double>(window.sorted().size());
  const double all = n + w, product = n * w;
  const double mean = (1 + 1 / all) / 6;
  const double variance =
      (all + 1) *
      (4 * product - 3 * (n * n + w * w) / all - 2 * product / all) /
      (45 * all * 4 * product);
  return 1.0 / 6 + (window.CramerVonMisesT() - mean) / std::sqrt(45 * variance);
}

double EnergyEvidence(const SortedWindow& window,
                      const ReferenceSample& reference) {
  const double between = window.MeanDistance();
  const double unit =
      reference.mean_distance() > 0 ? reference.mean_distance() : between;
  if (unit == 0) return 0;
  return EffectiveSize(window, reference) * window.EnergyDistance() / unit;
}

// MMD by a Fourier series of the kernel.
class FourierMmd : public StridedStatistic {
 public:
  FourierMmd(const std::vector<double>& reference, int64_t window,
             int64_t stride, double bandwidth);

 private:
  void Push(double value) override;
  bool Full() const override {
    return static_cast<int64_t>(ring_.size()) == window_;
  }
  double Evaluate() const override;
  void Clear() override;
  std::vector<double> Contents() const override;
  int64_t window() const override { return window_; }

  // Adds sign times cos and sin of every frequency at `value` to `sums`.
  // Multiples of 2^-38, so that sums of up to 10000 are exact.
  void Add(double value, double sign, std::vector<double>* sums) const;

  int64_t window_;
  double size_;    // effective
  double centre_;  // of the reference
  double reach_;   // furthest distance from the centre
  double frequency_;
  std::vector<double> weights_;    // of the frequencies 1, 2, ...
  std::vector<double> reference_;  // mean cos, sin of each frequency
  double unit_ = 0;                // expectation of 1 - kernel
  std::vector<double> sums_;       // cos, sin of each frequency
  std::vector<double> ring_;
  size_t oldest_ = 0;
};

// Values more than this many median distances from the median are moved there.
constexpr double kReach = 7;
// Standard deviations of the kernel at which it is taken as zero, in the period
// of its series and among its frequencies.
constexpr double kNegligible = 6.5;

FourierMmd::FourierMmd(const std::vector<double>& reference, int64_t window,
                       int64_t stride, double bandwidth)
    : StridedStatistic(stride), window_(window) {
  const ReferenceSample sample(reference);
  size_ = EffectiveSize(static_cast<double>(sample.size()),
                        static_cast<double>(window));
  centre_ = sample.median();
  double distance = sample.MedianDistance();
  if (distance == 0) distance = sample.mean_distance();
  if (distance == 0) {  // constant: whatever differs is far away
    distance = std::max(std::abs(centre_) * 1e-9, 1e-290);
  }
  const double sigma = bandwidth * distance;
  reach_ = kReach * distance;
  const double period = 2 * reach_ + kNegligible * sigma;
  frequency_ = 2 * M_PI / period;
  const double step = sigma * frequency_;
  for (double at = step; at < kNegligible; at += step) {
    weights_.push_back(2 * step / std::sqrt(2 * M_PI) * std::exp(-at * at / 2));
  }
  std::vector<double> sums(2 * weights_.size(), 0);
  for (const double value : sample.sorted()) Add(value, 1, &sums);
  double kernel = step / std::sqrt(2 * M_PI);  // frequency 0
  double total = kernel;
  for (size_t l = 0; l < weights_.size(); ++l) {
    const double n = static_cast<double>(sample.size());
    const double c = sums[2 * l] / n, s = sums[2 * l + 1] / n;
    kernel += weights_[l] * (c * c + s * s);
    total += weights_[l];
    reference_.push_back(c);
    reference_.push_back(s);
  }
  const auto [low, high] =
      std::minmax_element(reference.begin(), reference.end());
  unit_ = *low < *high ? total - kernel : 0;
  Clear();
}

void FourierMmd::Add(double value, double sign,
                     std::vector<double>* sums) const {
  constexpr double kRound = 24576;  // 1.5 2^14: adding it rounds to 2^-38
  const double angle =
      frequency_ * std::clamp(value - centre_, -reach_, reach_);
  const double c1 = std::cos(angle), s1 = std::sin(angle);
  double c = c1, s = s1;
  for (size_t l = 0; l < weights_.size(); ++l) {
    (*sums)[2 * l] += sign * ((c + kRound) - kRound);
    (*sums)[2 * l + 1] += sign * ((s + kRound) - kRound);
    const double next = c * c1 - s * s1;
    s = s * c1 + c * s1;
    c = next;
  }
}

void FourierMmd::Push(double value) {
  Add(value, 1, &sums_);
  if (!Full()) {
    ring_.push_back(value);
    return;
  }
  Add(ring_[oldest_], -1, &sums_);
  ring_[oldest_] = value;
  oldest_ = oldest_ + 1 == ring_.size() ? 0 : oldest_ + 1;
}

double FourierMmd::Evaluate() const {
  const double w = static_cast<double>(window_);
  double squared = 0;  // MMD^2
  double between = 0;  // mean of 1 - kernel over reference x window
  for (size_t l = 0; l < weights_.size(); ++l) {
    const double p = reference_[2 * l], q = reference_[2 * l + 1];
    const double c = sums_[2 * l] / w, s = sums_[2 * l + 1] / w;
    squared += weights_[l] * ((p - c) * (p - c) + (q - s) * (q - s));
    between += weights_[l] * (1 - p * c - q * s);
  }
  const double unit = unit_ > 0 ? unit_ : between;
  return unit > 1e-9 ? size_ * squared / unit : 0;
}

void FourierMmd::Clear() {
  sums_.assign(2 * weights_.size(), 0);
  ring_.clear();
  oldest_ = 0;
}

std::vector<double> FourierMmd::Contents() const {
  std::vector<double> contents(ring_.begin() + static_cast<int64_t>(oldest_),
                               ring_.end());
  contents.insert(contents.end(), ring_.begin(),
                  ring_.begin() + static_cast<int64_t>(oldest_));
  return contents;
}

using ParameterTable = std::vector<StatisticParameter>;

const ParameterTable& TestParameters() {
  static const ParameterTable table = {kWindow, kStride, kAlpha};
  return table;
}

const ParameterTable& EnergyParameters() {
  static const ParameterTable table = {kWindow, kStride, kBoundedAlpha};
  return table;
}

const ParameterTable& MmdParameters() {
  static const ParameterTable table = {kWindow, kStride, kBandwidth,
                                       kBoundedAlpha};
  return table;
}

void CheckReference(const char* name, const std::vector<double>& reference,
                    int64_t window) {
  if (static_cast<int64_t>(reference.size()) < window) {
    throw InputError(fmt::format(
        "{}: the reference has {} values; a window of {} needs as many", name,
        reference.size(), window));
  }
}

std::unique_ptr<ChangeStatistic> MakeSorted(
    const char* name, const ParameterTable& known,
    const std::vector<double>& reference, const StatisticParameters& given,
    SortedStatistic::Formula formula) {
  const StatisticParameters complete = CompleteParameters(name, known, given);
  const int64_t window = WholeParameter(name, complete, "window");
  CheckReference(name, reference, window);
  return std::make_unique<SortedStatistic>(
      reference, window, WholeParameter(name, complete, "stride"), formula);
}

constexpr char kKs[] = "ks";
constexpr char kCramerVonMises[] = "cramer-von-mises";
constexpr char kEnergy[] = "energy";
constexpr char kMmd[] = "mmd";

std::unique_ptr<ChangeStatistic> MakeKs(const std::vector<double>& reference,
                                        const StatisticParameters& given) {
  return MakeSorted(kKs, TestParameters(), reference, given,
                    KolmogorovSmirnovEvidence);
}

std::unique_ptr<ChangeStatistic> MakeCramerVonMises(
    const std::vector<double>& reference, const StatisticParameters& given) {
  return MakeSorted(kCramerVonMises, TestParameters(), reference, given,
                    CramerVonMisesEvidence);
}

std::unique_ptr<ChangeStatistic> MakeEnergy(
    const std::vector<double>& reference, const StatisticParameters& given) {
  return MakeSorted(kEnergy, EnergyParameters(), reference, given,
                    EnergyEvidence);
}

std::unique_ptr<ChangeStatistic> MakeMmd(const std::vector<double>& reference,
                                         const StatisticParameters& given) {
  const StatisticParameters complete =
      CompleteParameters(kMmd, MmdParameters(), given);
  const int64_t window = WholeParameter(kMmd, complete, "window");
  CheckReference(kMmd, reference, window);
  return std::make_unique<FourierMmd>(reference, window,
                                      WholeParameter(kMmd, complete, "stride"),
                                      complete.at("bandwidth"));
}

// Szekely and Bakirov's bound on quadratic forms of mean 1.
double QuadraticFormCritical(double alpha) {
  const double z = NormalQuantile(1 - alpha / 2);
  return z * z;
}

double KsThreshold(const StatisticParameters& given) {
  return KolmogorovSmirnovCritical(
      CompleteParameters(kKs, TestParameters(), given).at("alpha"));
}

double CramerVonMisesThreshold(const StatisticParameters& given) {
  return CramerVonMisesCritical(
      CompleteParameters(kCramerVonMises, TestParameters(), given).at("alpha"));
}

double EnergyThreshold(const StatisticParameters& given) {
  return QuadraticFormCritical(
      CompleteParameters(kEnergy, EnergyParameters(), given).at("alpha"));
}

double MmdThreshold(const StatisticParameters& given) {
  return QuadraticFormCritical(
      CompleteParameters(kMmd, MmdParameters(), given).at("alpha"));
}

double NoWarning(const StatisticParameters&) {
  return std::numeric_limits<double>::infinity();
}

}  // namespace

StatisticEntry KolmogorovSmirnovStatistic() {
  return {kKs,
          "Kolmogorov-Smirnov distance of a window from the reference "
          "(Stephens 1970)",
          StreamKind::kReal,
          TestParameters(),
          MakeKs,
          KsThreshold,
          NoWarning};
}

StatisticEntry CramerVonMisesStatistic() {
  return {kCramerVonMises,
          "Cramer-von Mises distance of a window from the reference "
          "(Anderson 1962)",
          StreamKind::kReal,
          TestParameters(),
          MakeCramerVonMises,
          CramerVonMisesThreshold,
          NoWarning};
}

StatisticEntry EnergyStatistic() {
  return {kEnergy,
          "energy distance of a window from the reference (Szekely and Rizzo "
          "2013)",
          StreamKind::kReal,
          EnergyParameters(),
          MakeEnergy,
          EnergyThreshold,
          NoWarning};
}

StatisticEntry MmdStatistic() {
  return {kMmd,
          "maximum mean discrepancy of a window from the reference (Gretton et "
          "al. 2012)",
          StreamKind::kReal,
          MmdParameters(),
          MakeMmd,
          MmdThreshold,
          NoWarning};
}

}  // namespace airlock
