#include "twin/drift/kswin.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "twin/drift/statistic_parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

const double kMissing = std::numeric_limits<double>::quiet_NaN();
const double kInfinity = std::numeric_limits<double>::infinity();

const std::vector<StatisticParameter>& Parameters() {
  static const std::vector<StatisticParameter> kParameters = {
      {"alpha", 0.005, 0, 1, "p-value of the classic threshold"},
      {"window", 100, 2, 10000, "values"},
      {"stat_size", 30, 1, 5000, "newest values, and as many drawn"},
      {"min_distance", 0.1, 0, 1,
       "distance of the distribution functions that a classic alarm exceeds"},
      {"seed", 1, 0, 9007199254740992.0, "of the draws"},
  };
  return kParameters;
}

StatisticParameters Complete(const StatisticParameters& given) {
  StatisticParameters all = CompleteParameters("kswin", Parameters(), given);
  const int64_t window = WholeParameter("kswin", all, "window");
  const int64_t size = WholeParameter("kswin", all, "stat_size");
  if (2 * size > window) {
    throw InputError(fmt::format(
        "kswin: stat_size is {}; write at most half of the window, {}", size,
        window / 2));
  }
  return all;
}

// -ln P(D >= k / n) of the two-sample Kolmogorov-Smirnov distance D of n and n
// values, for k = 0 ... n (Gnedenko and Korolyuk 1951):
//   P = 2 sum_{j >= 1} (-1)^(j - 1) C(2n, n - j k) / C(2n, n).
std::vector<double> LogSurvival(int64_t n) {
  const auto log_choose = [n](int64_t k) {  // but for (2n)!
    return -std::lgamma(static_cast<double>(k) + 1) -
           std::lgamma(static_cast<double>(2 * n - k) + 1);
  };
  std::vector<double> result = {0};
  for (int64_t k = 1; k <= n; ++k) {
    const double first = log_choose(n - k);
    double sum = 0;
    for (int64_t j = 1; j * k <= n; ++j) {
      const double term = std::exp(log_choose(n - j * k) - first);
      sum += j % 2 == 1 ? term : -term;
    }
    const double log_p = std::log(2 * sum) + first - log_choose(n);
    result.push_back(std::max(-log_p, result.back()));
  }
  return result;
}

class Kswin : public ChangeStatistic {
 public:
  explicit Kswin(const StatisticParameters& all)
      : window_(static_cast<size_t>(WholeParameter("kswin", all, "window"))),
        size_(static_cast<size_t>(WholeParameter("kswin", all, "stat_size"))),
        seed_(static_cast<uint64_t>(WholeParameter("kswin", all, "seed"))),
        log_survival_(LogSurvival(static_cast<int64_t>(size_))) {
    Reset();
  }

  double Update(double value) override {
    Push(value);
    if (filled_ < window_) return kMissing;
    Draw();
    const double evidence = Compare();
    for (size_t i = 0; i < size_; ++i) labels_[older_[i]] = kUndrawn;
    return evidence;
  }

  void Reset() override {
    ring_.assign(window_, 0);
    labels_.assign(window_, kUndrawn);
    values_.clear();
    slots_.clear();
    older_.resize(window_ - size_);
    next_ = 0;
    filled_ = 0;
    draws_ = 0;
  }

  int64_t SamplesSinceChange() const override {
    return filled_ < window_ ? -1 : static_cast<int64_t>(size_);
  }

  void Save(json* state) const override {
    std::vector<double> values;
    for (size_t i = 0; i < filled_; ++i) {
      values.push_back(ring_[(next_ + window_ - filled_ + i) % window_]);
    }
    (*state)["values"] = values;
    (*state)["draws"] = draws_;
  }

  void Load(const json& state) override {
    const auto values = state.at("values").get<std::vector<double>>();
    const auto draws = state.at("draws").get<uint64_t>();
    if (values.size() > window_) {
      throw InputError(
          fmt::format("state of kswin: {} values in a window of {}",
                      values.size(), window_));
    }
    Reset();
    for (const double value : values) Push(value);
    draws_ = draws;
  }

 private:
  enum Label : int8_t { kDrawn = -1, kUndrawn = 0, kNewest = 1 };
  using Slot = uint32_t;  // of the ring

  void Push(double value) {
    if (filled_ == window_) {
      size_t leaving = CountBelow(ring_[next_]);
      while (slots_[leaving] != next_) ++leaving;
      values_.erase(values_.begin() + static_cast<ptrdiff_t>(leaving));
      slots_.erase(slots_.begin() + static_cast<ptrdiff_t>(leaving));
    } else {
      ++filled_;
    }
    const auto at = static_cast<ptrdiff_t>(CountBelow(value));
    values_.insert(values_.begin() + at, value);
    slots_.insert(slots_.begin() + at, next_);
    ring_[next_] = value;
    labels_[next_] = kNewest;
    if (filled_ > size_) labels_[Back(size_)] = kUndrawn;
    next_ = next_ + 1 == window_ ? 0 : next_ + 1;
  }

  // Of the values in the window, those below `value`. No branch depends on the
  // values, which no processor could foresee.
  size_t CountBelow(double value) const {
    size_t first = 0;
    size_t count = values_.size();
    while (count > 0) {
      const size_t half = count / 2;
      const bool right = values_[first + half] < value;
      first += right ? half + 1 : 0;
      count = right ? count - half - 1 : half;
    }
    return first;
  }

  // The slot of the value `age` before the one that is being pushed.
  size_t Back(size_t age) const {
    return next_ >= age ? next_ - age : next_ + window_ - age;
  }

  // Labels `size_` of the older values, each set of them equally likely: the
  // first steps of Fisher and Yates. A function of seed and draws_ alone.
  void Draw();
  double Compare() const;

  const size_t window_;
  const size_t size_;
  const uint64_t seed_;
  const std::vector<double> log_survival_;
  std::vector<double> ring_;
  std::vector<int8_t> labels_;  // of each slot of the ring
  // The window, by value.
  std::vector<double> values_;
  std::vector<Slot> slots_;
  Slot next_ = 0;
  size_t filled_ = 0;
  uint64_t draws_ = 0;
  // Of Draw(): the slots before the newest, the drawn ones first.
  std::vector<Slot> older_;
};

void Kswin::Draw() {
  // next_ is the oldest value's slot now.
  for (size_t i = 0; i < older_.size(); ++i) {
    const size_t slot = next_ + i;
    older_[i] = static_cast<Slot>(slot < window_ ? slot : slot - window_);
  }
  // One key per value, since a generator's position cannot be saved.
  RngStream rng(seed_ * 0x9e3779b97f4a7c15 + draws_++);
  uint64_t bits = 0;
  int left = 0;
  for (size_t i = 0; i < size_; ++i) {
    // Lemire (ACM Transactions on Modeling and Computer Simulation 29, 2019)
    // with 16 bits a time.
    const uint32_t choices = static_cast<uint32_t>(older_.size() - i);
    uint32_t product = 0;
    do {
      if (left == 0) {
        bits = rng.Next64();
        left = 4;
      }
      product = static_cast<uint32_t>(bits & 0xffff) * choices;
      bits >>= 16;
      --left;
    } while ((product & 0xffff) < choices &&
             (product & 0xffff) < (65536 - choices) % choices);
    std::swap(older_[i], older_[i + (product >> 16)]);
    labels_[older_[i]] = kDrawn;
  }
}

double Kswin::Compare() const {
  int64_t difference = 0;  // of the two counts of values up to here
  int64_t largest = 0;
  int64_t area = 0;
  int64_t tied = 0;
  for (size_t i = 0; i < window_; ++i) {
    const int64_t label = labels_[slots_[i]];
    difference += label;
    tied += label & 1;  // 1 and -1 are in the comparison
    if (i + 1 < window_ && values_[i + 1] == values_[i]) continue;
    const int64_t distance = std::abs(difference);
    largest = std::max(largest, distance);
    area += distance * tied;
    tied = 0;
  }
  const size_t k = static_cast<size_t>(largest);
  if (k == 0 || k == size_) return log_survival_[k];
  const double share = static_cast<double>(area) /
                       static_cast<double>(2 * largest * int64_t(size_));
  return log_survival_[k] + share * (log_survival_[k + 1] - log_survival_[k]);
}

std::unique_ptr<ChangeStatistic> Make(const std::vector<double>&,
                                      const StatisticParameters& given) {
  return std::make_unique<Kswin>(Complete(given));
}

// The evidence of the least distance with p <= alpha.
double ClassicThreshold(const StatisticParameters& given) {
  const StatisticParameters all = Complete(given);
  const int64_t n = WholeParameter("kswin", all, "stat_size");
  const std::vector<double> log_survival = LogSurvival(n);
  for (int64_t k = 1; k <= n; ++k) {
    const double evidence = log_survival[static_cast<size_t>(k)];
    const double distance = static_cast<double>(k) / static_cast<double>(n);
    if (std::exp(-evidence) <= all.at("alpha") &&
        distance > all.at("min_distance")) {
      return evidence;
    }
  }
  return kInfinity;
}

double NoWarning(const StatisticParameters&) { return kInfinity; }

}  // namespace

StatisticEntry KswinStatistic() {
  return {"kswin",
          "Kolmogorov-Smirnov test within a window (Raab et al. 2020)",
          StreamKind::kReal,
          Parameters(),
          Make,
          ClassicThreshold,
          NoWarning};
}

}  // namespace airlock
