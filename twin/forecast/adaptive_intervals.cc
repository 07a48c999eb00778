#include "twin/forecast/adaptive_intervals.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/json.h"

namespace airlock {

using nlohmann::json;

namespace {

// The step sizes of the aggregated form and the length of the stretch over
// which it is to do as well as the best of them (Gibbs and Candes, JMLR 25,
// 2024, section 4).
constexpr double kStepSizes[] = {0.001, 0.002, 0.004, 0.008,
                                 0.016, 0.032, 0.064, 0.128};
constexpr double kStretch = 100;
// Beyond the sample the radius goes on in a straight line: for each such step
// of the rate by the distance of the sample's median and end.
constexpr double kRateStep = 0.3;

// The learning rate that paper's eq. 4 gives for that stretch, where the loss
// of quantile tracking is about that of a uniform rank.
double LearningRate(double a, double experts) {
  const double b = 1 - a;
  const double loss = b * b * a * a * a + a * a * b * b * b;
  return std::sqrt(3 / kStretch) *
         std::sqrt((std::log(kStretch * experts) + 2) / loss);
}

double QuantileLoss(double rank, double rate, double a) {
  const double distance = rank - rate;
  return a * distance - std::min(0.0, distance);
}

double SortedMedian(const std::vector<double>& sorted) {
  return sorted[sorted.size() / 2];
}

std::string ListOf(const std::vector<double>& levels) {
  std::string text;
  for (const double level : levels) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", level);
  }
  return text;
}

}  // namespace

const char* ToString(Adaptation adaptation) {
  switch (adaptation) {
    case Adaptation::kNone:
      return "none";
    case Adaptation::kAci:
      return "aci";
    case Adaptation::kAggregated:
      return "aggregated";
  }
  return "";
}

Adaptation ParseAdaptation(const std::string& text) {
  for (const Adaptation adaptation :
       {Adaptation::kNone, Adaptation::kAci, Adaptation::kAggregated}) {
    if (text == ToString(adaptation)) return adaptation;
  }
  throw InputError(fmt::format(
      "'{}' is no adaptation of intervals: none, aci or aggregated", text));
}

const char* ToString(IntervalScale scale) {
  return scale == IntervalScale::kConstant ? "constant" : "by level";
}

IntervalScale ParseIntervalScale(const std::string& text) {
  for (const IntervalScale scale :
       {IntervalScale::kConstant, IntervalScale::kByLevel}) {
    if (text == ToString(scale)) return scale;
  }
  throw InputError(
      fmt::format("'{}' is no scale of intervals: constant or by level", text));
}

std::vector<CalibrationSample> PointCalibration(
    const std::vector<double>& predictions,
    const std::vector<double>& observed) {
  AIRLOCK_CHECK(predictions.size() == observed.size(),
                "{} predictions, {} observed", predictions.size(),
                observed.size());
  std::vector<CalibrationSample> samples;
  for (size_t i = 0; i < observed.size(); ++i) {
    samples.push_back({PointBase(predictions[i]), observed[i]});
  }
  return samples;
}

ScoreTracker::ScoreTracker(const std::vector<double>& scores, double target,
                           Adaptation adaptation, double gamma, int64_t window)
    : capacity_(window), target_(target) {
  const size_t kept = std::min(
      scores.size(), static_cast<size_t>(std::max<int64_t>(window, 1)));
  window_.assign(scores.end() - static_cast<int64_t>(kept), scores.end());
  sorted_ = window_;
  std::sort(sorted_.begin(), sorted_.end());
  switch (adaptation) {
    case Adaptation::kNone:
      capacity_ = 0;  // takes nothing in
      gammas_ = {0};
      break;
    case Adaptation::kAci:
      gammas_ = {gamma};
      break;
    case Adaptation::kAggregated:
      gammas_.assign(std::begin(kStepSizes), std::end(kStepSizes));
      break;
  }
  rates_.assign(gammas_.size(), target);
  weights_.assign(gammas_.size(), 1 / static_cast<double>(gammas_.size()));
}

double ScoreTracker::miss_rate() const {
  double rate = 0;
  for (size_t i = 0; i < rates_.size(); ++i) rate += weights_[i] * rates_[i];
  return rate;
}

double ScoreTracker::RadiusAt(double rate) const {
  const double size = static_cast<double>(sorted_.size());
  const double rank = std::ceil((size + 1) * (1 - rate) - 1e-9);
  const double median = SortedMedian(sorted_);
  if (rank > size) {
    const double beyond = (1 / (size + 1) - rate) / kRateStep;
    return sorted_.back() + (sorted_.back() - median) * std::max(beyond, 0.0);
  }
  if (rank < 1) {
    return sorted_.front() -
           (median - sorted_.front()) * (rate - 1) / kRateStep;
  }
  return sorted_[static_cast<size_t>(rank) - 1];
}

// The largest rate, within 0 and 1, whose radius still reaches the score.
double ScoreTracker::MissRateOf(double score) const {
  const auto place = std::lower_bound(sorted_.begin(), sorted_.end(), score);
  if (place == sorted_.end()) return 0;
  return 1 - static_cast<double>(place - sorted_.begin()) /
                 static_cast<double>(sorted_.size() + 1);
}

double ScoreTracker::Radius() const { return RadiusAt(miss_rate()); }

std::vector<double> ScoreTracker::ExpertRadii() const {
  std::vector<double> radii;
  for (const double rate : rates_) radii.push_back(RadiusAt(rate));
  return radii;
}

void ScoreTracker::Observe(double score, const std::vector<double>& radii) {
  AIRLOCK_CHECK(radii.size() == rates_.size(), "{} radii, {} experts",
                radii.size(), rates_.size());
  if (capacity_ == 0) return;
  const double experts = static_cast<double>(rates_.size());
  const double eta = LearningRate(target_, experts);
  const double rank = MissRateOf(score);
  double sum = 0;
  for (size_t i = 0; i < rates_.size(); ++i) {
    weights_[i] *= std::exp(-eta * QuantileLoss(rank, rates_[i], target_));
    sum += weights_[i];
  }
  const double sharing = 1 / (2 * kStretch);
  for (size_t i = 0; i < rates_.size(); ++i) {
    weights_[i] = sum > 0
                      ? (1 - sharing) * weights_[i] / sum + sharing / experts
                      : 1 / experts;
    rates_[i] += gammas_[i] * (target_ - (score > radii[i] ? 1 : 0));
  }
  Insert(score);
}

void ScoreTracker::Insert(double score) {
  if (static_cast<int64_t>(window_.size()) < capacity_) {
    window_.push_back(score);
  } else {
    double& oldest = window_[static_cast<size_t>(next_)];
    sorted_.erase(std::lower_bound(sorted_.begin(), sorted_.end(), oldest));
    oldest = score;
    next_ = (next_ + 1) % capacity_;
  }
  sorted_.insert(std::upper_bound(sorted_.begin(), sorted_.end(), score),
                 score);
}

namespace {

void CheckOptions(const AdaptiveOptions& options) {
  if (options.levels.empty()) {
    throw InputError("intervals need at least one level, as 0.9");
  }
  for (size_t i = 0; i < options.levels.size(); ++i) {
    CheckLevel(options.levels[i]);
    if (i > 0 && options.levels[i] <= options.levels[i - 1]) {
      throw InputError(fmt::format("levels of intervals must ascend: {}",
                                   ListOf(options.levels)));
    }
  }
  if (!(options.gamma > 0 && options.gamma < 1)) {
    throw InputError(fmt::format(
        "gamma {} of the intervals must lie within 0 and 1", options.gamma));
  }
  if (options.window < 1) {
    throw InputError(fmt::format(
        "a window of {} scores is too short for intervals", options.window));
  }
}

// The level that each end of an interval of `level` is taken at.
double EndLevel(const AdaptiveOptions& options, double level) {
  return options.two_sided ? 1 - (1 - level) / 2 : level;
}

void CheckEnough(const AdaptiveOptions& options, int64_t known) {
  const double level = options.levels.back();
  const int64_t needed = FewestCalibrationScores(EndLevel(options, level));
  const char* const sides = options.two_sided ? " (two-sided)" : "";
  if (known < needed) {
    throw InputError(fmt::format(
        "{} calibration samples are too few for intervals at level {}{}: it "
        "needs {}",
        known, level, sides, needed));
  }
}

// All for ever without adaptation, else no fewer than the level needs.
int64_t WindowOf(const AdaptiveOptions& options, double level, size_t known) {
  if (options.adaptation == Adaptation::kNone) {
    return static_cast<int64_t>(known);
  }
  return std::max(options.window,
                  FewestCalibrationScores(EndLevel(options, level)));
}

std::vector<CalibrationSample> Known(
    const std::vector<CalibrationSample>& samples) {
  std::vector<CalibrationSample> known;
  for (const CalibrationSample& sample : samples) {
    if (std::isfinite(sample.observed) && std::isfinite(sample.base.low) &&
        std::isfinite(sample.base.high)) {
      known.push_back(sample);
    }
  }
  return known;
}

// The base's errors below and above, or the larger of them.
std::vector<double> EndScores(const BaseInterval& base, double observed,
                              bool two_sided) {
  if (!two_sided) return {ConformalScore(base, observed)};
  return {(base.low - observed) / base.scale,
          (observed - base.high) / base.scale};
}

}  // namespace

AdaptiveIntervals::AdaptiveIntervals(
    const AdaptiveOptions& options,
    const std::vector<CalibrationSample>& calibration)
    : options_(options), contained_(options.levels.size(), 0) {
  CheckOptions(options);
  std::vector<CalibrationSample> known = Known(calibration);
  CheckEnough(options, static_cast<int64_t>(known.size()));
  if (options.scale == IntervalScale::kByLevel) {
    std::vector<double> predictions, errors;
    for (const CalibrationSample& sample : known) {
      if (sample.base.low != sample.base.high) {
        throw InputError(fmt::format(
            "intervals scaled by level need point forecasts, not [{}, {}]",
            sample.base.low, sample.base.high));
      }
      predictions.push_back(sample.base.low);
      errors.push_back(sample.observed - sample.base.low);
    }
    spread_ = SpreadByLevel::Fit(predictions, errors);
    for (CalibrationSample& sample : known) {
      sample.base = Base(sample.base.low);
    }
  }
  const size_t ends = options.two_sided ? 2 : 1;
  std::vector<std::vector<double>> scores(ends);
  for (const CalibrationSample& sample : known) {
    const std::vector<double> of_ends =
        EndScores(sample.base, sample.observed, options.two_sided);
    for (size_t end = 0; end < ends; ++end) {
      scores[end].push_back(of_ends[end]);
    }
  }
  for (const double level : options.levels) {
    for (size_t end = 0; end < ends; ++end) {
      trackers_.emplace_back(scores[end], 1 - EndLevel(options, level),
                             options.adaptation, options.gamma,
                             WindowOf(options, level, known.size()));
    }
  }
}

BaseInterval AdaptiveIntervals::Base(double prediction) const {
  return SpreadBase(prediction, spread_.Spread(prediction));
}

std::vector<PredictionInterval> AdaptiveIntervals::Intervals(
    const BaseInterval& base) const {
  std::vector<PredictionInterval> intervals;
  const size_t ends = options_.two_sided ? 2 : 1;
  for (size_t i = 0; i < options_.levels.size(); ++i) {
    const double below = trackers_[i * ends].Radius();
    const double above = trackers_[i * ends + ends - 1].Radius();
    PredictionInterval interval{base.low - below * base.scale,
                                base.high + above * base.scale};
    if (!(interval.low <= interval.high)) {
      interval.low = interval.high =
          interval.low + (interval.high - interval.low) / 2;
    }
    if (i > 0) {
      interval.low = std::min(interval.low, intervals.back().low);
      interval.high = std::max(interval.high, intervals.back().high);
    }
    intervals.push_back(interval);
  }
  return intervals;
}

PredictionInterval AdaptiveIntervals::Interval(const BaseInterval& base,
                                               double level) const {
  for (size_t i = 0; i < options_.levels.size(); ++i) {
    if (options_.levels[i] == level) return Intervals(base)[i];
  }
  CheckLevel(level);
  throw InputError(
      fmt::format("no intervals at level {} are kept; there are {}", level,
                  ListOf(options_.levels)));
}

std::vector<PredictionInterval> AdaptiveIntervals::Issue(
    int64_t origin, const BaseInterval& base) {
  if (origin <= newest_origin_) {
    throw InputError(fmt::format(
        "prediction for {} comes after the one for {}: time runs backwards",
        origin, newest_origin_));
  }
  if (!std::isfinite(base.low) || !std::isfinite(base.high) ||
      !(base.scale > 0) || !std::isfinite(base.scale)) {
    throw InputError(
        fmt::format("no interval around [{}, {}] with scale {}: not numbers",
                    base.low, base.high, base.scale));
  }
  Pending issued;
  issued.origin = origin;
  issued.base = base;
  issued.issued = Intervals(base);
  for (const ScoreTracker& tracker : trackers_) {
    issued.radii.push_back(tracker.ExpertRadii());
  }
  std::vector<PredictionInterval> intervals = issued.issued;
  pending_.push_back(std::move(issued));
  if (pending() > kMaximumPending) pending_.pop_front();
  newest_origin_ = origin;
  return intervals;
}

bool AdaptiveIntervals::Observe(int64_t origin, double observed) {
  if (std::isinf(observed)) {
    throw InputError(fmt::format("observation for {} is {}", origin, observed));
  }
  const auto found = std::find_if(
      pending_.begin(), pending_.end(),
      [origin](const Pending& waiting) { return waiting.origin == origin; });
  if (found == pending_.end()) return false;
  const Pending answered = std::move(*found);
  pending_.erase(pending_.begin(), found + 1);
  if (std::isnan(observed)) return true;
  ++observed_;
  for (size_t i = 0; i < contained_.size(); ++i) {
    contained_[i] += answered.issued[i].Contains(observed);
  }
  const std::vector<double> scores =
      EndScores(answered.base, observed, options_.two_sided);
  for (size_t k = 0; k < trackers_.size(); ++k) {
    trackers_[k].Observe(scores[k % scores.size()], answered.radii[k]);
  }
  return true;
}

double AdaptiveIntervals::Coverage(size_t level_index) const {
  AIRLOCK_CHECK(level_index < contained_.size(), "{}", level_index);
  if (observed_ == 0) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(contained_[level_index]) /
         static_cast<double>(observed_);
}

// What Save() writes and Load() reads of a tracker.
struct TrackerText {
  static json ToJson(const ScoreTracker& t) {
    return {{"window", t.window_},     {"next", t.next_},
            {"capacity", t.capacity_}, {"target", t.target_},
            {"gammas", t.gammas_},     {"rates", t.rates_},
            {"weights", t.weights_}};
  }
  static ScoreTracker FromJson(const json& root) {
    ScoreTracker t;
    root.at("window").get_to(t.window_);
    root.at("next").get_to(t.next_);
    root.at("capacity").get_to(t.capacity_);
    root.at("target").get_to(t.target_);
    root.at("gammas").get_to(t.gammas_);
    root.at("rates").get_to(t.rates_);
    root.at("weights").get_to(t.weights_);
    const int64_t size = static_cast<int64_t>(t.window_.size());
    const bool ring = t.next_ >= 0 && t.next_ < size &&
                      (t.capacity_ == 0 || size <= t.capacity_);
    if (!ring || t.gammas_.empty() || t.gammas_.size() != t.rates_.size() ||
        t.gammas_.size() != t.weights_.size() ||
        !(t.target_ > 0 && t.target_ < 1)) {
      throw InputError(
          "intervals: the state of a quantile does not fit itself");
    }
    t.sorted_ = t.window_;
    std::sort(t.sorted_.begin(), t.sorted_.end());
    return t;
  }
};

namespace {

json IntervalsToJson(const std::vector<PredictionInterval>& intervals) {
  json list = json::array();
  for (const PredictionInterval& interval : intervals) {
    list.push_back({interval.low, interval.high});
  }
  return list;
}

std::vector<PredictionInterval> IntervalsFromJson(const json& list) {
  std::vector<PredictionInterval> intervals;
  for (const json& pair : list) {
    intervals.push_back({pair.at(0).get<double>(), pair.at(1).get<double>()});
  }
  return intervals;
}

json OptionsToJson(const AdaptiveOptions& options) {
  return {{"levels", options.levels},
          {"adaptation", ToString(options.adaptation)},
          {"gamma", options.gamma},
          {"two_sided", options.two_sided},
          {"scale", ToString(options.scale)},
          {"window", options.window}};
}

AdaptiveOptions OptionsFromJson(const json& root) {
  AdaptiveOptions options;
  root.at("levels").get_to(options.levels);
  options.adaptation =
      ParseAdaptation(root.at("adaptation").get<std::string>());
  root.at("gamma").get_to(options.gamma);
  root.at("two_sided").get_to(options.two_sided);
  options.scale = ParseIntervalScale(root.at("scale").get<std::string>());
  root.at("window").get_to(options.window);
  return options;
}

}  // namespace

std::string AdaptiveIntervals::Save() const {
  json trackers = json::array(), pending = json::array();
  for (const ScoreTracker& tracker : trackers_) {
    trackers.push_back(TrackerText::ToJson(tracker));
  }
  for (const Pending& one : pending_) {
    pending.push_back({{"origin", one.origin},
                       {"base", {one.base.low, one.base.high, one.base.scale}},
                       {"radii", one.radii},
                       {"issued", IntervalsToJson(one.issued)}});
  }
  return json{{"options", OptionsToJson(options_)},
              {"spread", json::parse(spread_.Save())},
              {"trackers", trackers},
              {"pending", pending},
              {"newest_origin", newest_origin_},
              {"observed", observed_},
              {"contained", contained_}}
      .dump();
}

AdaptiveIntervals AdaptiveIntervals::Load(const std::string& text) {
  AdaptiveIntervals loaded;
  try {
    const json root = json::parse(text);
    loaded.options_ = OptionsFromJson(root.at("options"));
    loaded.spread_ = SpreadByLevel::Load(root.at("spread").dump());
    for (const json& tracker : root.at("trackers")) {
      loaded.trackers_.push_back(TrackerText::FromJson(tracker));
    }
    for (const json& one : root.at("pending")) {
      Pending pending;
      one.at("origin").get_to(pending.origin);
      pending.base = {one.at("base").at(0).get<double>(),
                      one.at("base").at(1).get<double>(),
                      one.at("base").at(2).get<double>()};
      one.at("radii").get_to(pending.radii);
      pending.issued = IntervalsFromJson(one.at("issued"));
      loaded.pending_.push_back(std::move(pending));
    }
    root.at("newest_origin").get_to(loaded.newest_origin_);
    root.at("observed").get_to(loaded.observed_);
    root.at("contained").get_to(loaded.contained_);
  } catch (const json::exception& error) {
    throw InputError("intervals: " + CauseOf(error));
  }
  loaded.CheckLoaded();
  return loaded;
}

void AdaptiveIntervals::CheckLoaded() const {
  CheckOptions(options_);
  const size_t levels = options_.levels.size();
  bool fits = trackers_.size() == levels * (options_.two_sided ? 2 : 1) &&
              contained_.size() == levels;
  int64_t before = INT64_MIN;
  for (const Pending& one : pending_) {
    fits = fits && one.radii.size() == trackers_.size() &&
           one.issued.size() == levels && one.origin > before &&
           one.origin <= newest_origin_ && one.base.scale > 0;
    for (size_t k = 0; fits && k < trackers_.size(); ++k) {
      fits = one.radii[k].size() == trackers_[k].experts();
    }
    before = one.origin;
  }
  if (!fits) throw InputError("intervals: the state does not fit its levels");
}

}  // namespace airlock
