#include "twin/drift/adwin.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "twin/drift/statistic_parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

const double kMissing = std::numeric_limits<double>::quiet_NaN();
const double kInfinity = std::numeric_limits<double>::infinity();

// What the publications differ in.
struct Rule {
  int64_t more_than_minimum;   // least side of a cut, above min_window
  bool cut_behind_newest;      // behind the newest bucket of each size, too
  bool keep_window;            // after an alarm
  bool forget_older_variance;  // of two merged buckets
};

constexpr Rule kMoa = {2, true, true, false};
constexpr Rule kRiver = {0, true, false, false};
constexpr Rule kRiverLegacy = {0, false, false, false};
constexpr Rule kRiverEarly = {0, false, true, false};
constexpr Rule kMultiflow = {0, false, true, true};

const std::vector<StatisticParameter>& Parameters() {
  static const std::vector<StatisticParameter> kParameters = {
      {"delta", 0.002, 1e-300, 1, "confidence of the classic threshold"},
      {"clock", 32, 1, 1e9, "values between two looks"},
      {"max_buckets", 5, 2, 1000, "buckets of each size"},
      {"min_window", 5, 1, 1e9, "least values on either side of a cut"},
      {"grace_period", 10, 0, 1e9, "no look below this width"},
  };
  return kParameters;
}

StatisticParameters Complete(const StatisticParameters& given) {
  return CompleteParameters("adwin", Parameters(), given);
}

// Buckets of 1, 2, 4, ... values, newest values in the smallest: sum and sum of
// squared deviations of each, contiguous. Row i holds the buckets of 2^i
// values, oldest first.
class ExponentialHistogram {
 public:
  ExponentialHistogram(int64_t max_buckets, bool forget_older_variance)
      : stride_(static_cast<size_t>(max_buckets) + 1),
        forget_older_variance_(forget_older_variance) {
    Clear();
  }

  void Insert(double value) {
    Append(0, value, 0);
    if (width_ > 0) {
      const double n = static_cast<double>(width_);
      const double deviation = value - total_ / n;
      squares_ += n * deviation * deviation / (n + 1);
    }
    ++width_;
    total_ += value;
    if (counts_[0] == stride_) Merge();
  }

  void DropOldest() {
    const size_t row = counts_.size() - 1;
    const size_t at = row * stride_;
    const double n = std::ldexp(1.0, static_cast<int>(row));
    width_ -= int64_t{1} << row;
    total_ -= totals_[at];
    const double rest = static_cast<double>(width_);
    const double difference = totals_[at] / n - total_ / rest;
    squares_ -=
        bucket_squares_[at] + n * rest * difference * difference / (n + rest);
    RemoveFirst(row, 1);
    if (counts_[row] == 0 && row > 0) Resize(row);
  }

  void Clear() {
    Resize(0);
    Resize(1);
    width_ = 0;
    total_ = 0;
    squares_ = 0;
  }

  size_t rows() const { return counts_.size(); }
  size_t count(size_t row) const { return counts_[row]; }
  double total(size_t row, size_t k) const {
    return totals_[row * stride_ + k];
  }
  int64_t width() const { return width_; }
  double total() const { return total_; }
  double variance() const {
    return std::max(squares_ / static_cast<double>(width_), 0.0);
  }

  void Save(json* state) const;
  void Load(const json& state);

 private:
  void Resize(size_t rows) {
    counts_.resize(rows, 0);
    totals_.resize(rows * stride_, 0);
    bucket_squares_.resize(rows * stride_, 0);
  }

  void Append(size_t row, double total, double squares) {
    const size_t at = row * stride_ + counts_[row]++;
    totals_[at] = total;
    bucket_squares_[at] = squares;
  }

  void RemoveFirst(size_t row, size_t n) {
    const size_t at = row * stride_;
    for (size_t k = n; k < counts_[row]; ++k) {
      totals_[at + k - n] = totals_[at + k];
      bucket_squares_[at + k - n] = bucket_squares_[at + k];
    }
    counts_[row] -= n;
  }

  // The two oldest buckets of each overfull row become one of the next.
  void Merge() {
    for (size_t row = 0; counts_[row] == stride_; ++row) {
      if (row + 1 == counts_.size()) Resize(row + 2);
      const size_t at = row * stride_;
      const double n = std::ldexp(1.0, static_cast<int>(row));
      const double difference = totals_[at] / n - totals_[at + 1] / n;
      const double between = n * n * difference * difference / (n + n);
      const double older = forget_older_variance_ ? 0 : bucket_squares_[at];
      Append(row + 1, totals_[at] + totals_[at + 1],
             older + bucket_squares_[at + 1] + between);
      RemoveFirst(row, 2);
    }
  }

  size_t stride_;
  bool forget_older_variance_;
  std::vector<size_t> counts_;  // of each row
  std::vector<double> totals_;  // row x stride_
  std::vector<double> bucket_squares_;
  int64_t width_ = 0;
  double total_ = 0;
  double squares_ = 0;
};

void ExponentialHistogram::Save(json* state) const {
  json rows = json::array();
  for (size_t row = 0; row < counts_.size(); ++row) {
    json buckets = json::array();
    for (size_t k = 0; k < counts_[row]; ++k) {
      const size_t at = row * stride_ + k;
      buckets.push_back({totals_[at], bucket_squares_[at]});
    }
    rows.push_back(buckets);
  }
  (*state)["rows"] = rows;
  (*state)["total"] = total_;
  (*state)["squares"] = squares_;
}

void ExponentialHistogram::Load(const json& state) {
  const json& rows = state.at("rows");
  if (!rows.is_array() || rows.empty() || rows.size() > 60) {
    throw InputError("state of adwin: 'rows' is not a list of 1 to 60 rows");
  }
  if (rows.size() > 1 && rows.back().empty()) {
    throw InputError("state of adwin: the last of 'rows' is empty");
  }
  Clear();
  Resize(rows.size());
  for (size_t row = 0; row < rows.size(); ++row) {
    if (!rows[row].is_array() || rows[row].size() >= stride_) {
      throw InputError(
          fmt::format("state of adwin: row {} is no list of at most {} buckets",
                      row, stride_ - 1));
    }
    for (const json& bucket : rows[row]) {
      Append(row, bucket.at(0).get<double>(), bucket.at(1).get<double>());
      width_ += int64_t{1} << row;
    }
  }
  total_ = state.at("total").get<double>();
  squares_ = state.at("squares").get<double>();
}

class Adwin : public ChangeStatistic {
 public:
  Adwin(const Rule& rule, const StatisticParameters& given)
      : rule_(rule),
        clock_(WholeParameter("adwin", given, "clock")),
        minimum_(WholeParameter("adwin", given, "min_window")),
        grace_(WholeParameter("adwin", given, "grace_period")),
        histogram_(WholeParameter("adwin", given, "max_buckets"),
                   rule.forget_older_variance),
        until_look_(clock_) {}

  double Update(double value) override {
    histogram_.Insert(value);
    ++since_look_;
    if (--until_look_ == 0) {
      until_look_ = clock_;
      if (histogram_.width() > grace_) Look();
    }
    return evidence_;
  }

  void SetThreshold(double threshold) override { threshold_ = threshold; }

  void Restart() override {
    if (!rule_.keep_window) return Reset();
    evidence_ = kMissing;
    newer_ = -1;
  }

  void Reset() override {
    histogram_.Clear();
    until_look_ = clock_;
    since_look_ = 0;
    evidence_ = kMissing;
    newer_ = -1;
  }

  int64_t SamplesSinceChange() const override {
    return newer_ < 0 ? -1 : newer_ + since_look_;
  }

  void Save(json* state) const override;
  void Load(const json& state) override;

 private:
  struct Cut {
    double evidence = kMissing;
    int64_t newer = -1;  // values on its newer side
  };

  void Look() {
    const Cut cut = Strongest();
    evidence_ = cut.evidence;
    newer_ = cut.newer;
    since_look_ = 0;
    if (!(evidence_ >= threshold_)) return;
    do {
      histogram_.DropOldest();
    } while (Strongest().evidence >= threshold_);
  }

  Cut Strongest() const;

  const Rule rule_;
  const int64_t clock_;
  const int64_t minimum_;
  const int64_t grace_;
  double threshold_ = kInfinity;
  ExponentialHistogram histogram_;
  int64_t until_look_;
  // Of the last look.
  double evidence_ = kMissing;
  int64_t newer_ = -1;
  int64_t since_look_ = 0;
};

// The largest root of  a y^2 + b y = |difference of the means|  over all cuts,
// where y = sqrt(L), a = 2/3 m, b = sqrt(2 m v). A cut that the largest y so
// far would not make significant is passed over without solving for its own.
Adwin::Cut Adwin::Strongest() const {
  const int64_t least = minimum_ + rule_.more_than_minimum;
  const int64_t width = histogram_.width();
  const double twice_variance = 2 * histogram_.variance();
  int64_t older = 0;
  double older_total = 0;
  double newer_total = histogram_.total();
  double root = -1;
  Cut best;
  for (size_t row = histogram_.rows(); row-- > 0;) {
    const size_t buckets = histogram_.count(row);
    const size_t cuts =
        rule_.cut_behind_newest || buckets == 0 ? buckets : buckets - 1;
    for (size_t k = 0; k < cuts; ++k) {
      older += int64_t{1} << row;
      older_total += histogram_.total(row, k);
      newer_total -= histogram_.total(row, k);
      const int64_t newer = width - older;
      if (older < least || newer < least) continue;
      const double m = 1 / static_cast<double>(older - minimum_ + 1) +
                       1 / static_cast<double>(newer - minimum_ + 1);
      const double difference =
          std::abs(older_total / static_cast<double>(older) -
                   newer_total / static_cast<double>(newer));
      const double a = 2.0 / 3 * m;
      const double b = std::sqrt(m * twice_variance);
      if (root >= 0 && root * (b + a * root) >= difference) continue;
      root = 2 * difference / (b + std::sqrt(b * b + 4 * a * difference));
      if (!(difference > 0)) root = 0;
      best.newer = newer;
    }
  }
  if (root >= 0) {
    const double log_width = std::log(static_cast<double>(width));
    best.evidence = root * root - std::log(2 * log_width);
  }
  return best;
}

void Adwin::Save(json* state) const {
  histogram_.Save(state);
  (*state)["until_look"] = until_look_;
  (*state)["evidence"] = NumberOrNull(evidence_);
  (*state)["newer"] = newer_;
  (*state)["since_look"] = since_look_;
}

void Adwin::Load(const json& state) {
  histogram_.Load(state);
  until_look_ = state.at("until_look").get<int64_t>();
  if (until_look_ < 1 || until_look_ > clock_) {
    throw InputError(fmt::format(
        "state of adwin: 'until_look' is {}; it is 1 to the clock, {}",
        until_look_, clock_));
  }
  evidence_ = NumberOrMissing(state.at("evidence"));
  newer_ = state.at("newer").get<int64_t>();
  since_look_ = state.at("since_look").get<int64_t>();
}

template <const Rule& rule>
std::unique_ptr<ChangeStatistic> Make(const std::vector<double>&,
                                      const StatisticParameters& given) {
  return std::make_unique<Adwin>(rule, Complete(given));
}

// A difference equal to the bound is not yet a change.
double ClassicThreshold(const StatisticParameters& given) {
  return std::nextafter(-std::log(Complete(given).at("delta")), kInfinity);
}

double NoWarning(const StatisticParameters&) { return kInfinity; }

template <const Rule& rule>
StatisticEntry Entry(const char* name, const char* description) {
  return {name,       description,      StreamKind::kReal, Parameters(),
          Make<rule>, ClassicThreshold, NoWarning};
}

}  // namespace

StatisticEntry AdwinStatistic() {
  return Entry<kMoa>("adwin",
                     "adaptive window (Bifet and Gavalda 2007), MOA's rule");
}

StatisticEntry AdwinRiverStatistic() {
  return Entry<kRiver>(
      "adwin-river", "adaptive window, river's rule: starts anew after alarms");
}

StatisticEntry AdwinRiverLegacyStatistic() {
  return Entry<kRiverLegacy>(
      "adwin-river-legacy",
      "adaptive window, river's rule before 0.22: fewer cuts");
}

StatisticEntry AdwinRiverEarlyStatistic() {
  return Entry<kRiverEarly>(
      "adwin-river-early",
      "adaptive window, river's first rule: fewer cuts, keeps its window");
}

StatisticEntry AdwinMultiflowStatistic() {
  return Entry<kMultiflow>("adwin-multiflow",
                           "adaptive window, scikit-multiflow's rule");
}

}  // namespace airlock
