#include "twin/drift/open_set.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

using nlohmann::json;

// Sums over the classes that were not predicted of exp(logit - largest), and of
// their squares. With the prediction's own 1 they make up the softmax, and
// nothing is subtracted from 1: the sum is exact where it is tiny.
struct Others {
  double sum = 0;
  double squares = 0;
};

Others OthersOf(const double* logits, int64_t classes) {
  const int64_t predicted = std::max_element(logits, logits + classes) - logits;
  Others others;
  for (int64_t k = 0; k < classes; ++k) {
    if (k == predicted) continue;
    const double value = std::exp(logits[k] - logits[predicted]);
    others.sum += value;
    others.squares += value * value;
  }
  return others;
}

// `value` (i) is feature i.
template <typename Value>
double ScoreOf(const Others& others, int64_t features, GradientNormOrder order,
               const Value& value) {
  const double total = 1 + others.sum;
  double norm = 1;  // of (h, 1)
  if (order == GradientNormOrder::kOne) {
    for (int64_t i = 0; i < features; ++i) norm += std::abs(value(i));
    return 2 * others.sum / total * norm;
  }
  for (int64_t i = 0; i < features; ++i) norm += value(i) * value(i);
  return std::sqrt((others.sum * others.sum + others.squares) * norm) / total;
}

}  // namespace

double GradientNormScore(const double* logits, int64_t classes, const double* h,
                         int64_t features, GradientNormOrder order) {
  return ScoreOf(OthersOf(logits, classes), features, order,
                 [h](int64_t i) { return h[i]; });
}

GradientNormScorer::GradientNormScorer(const std::vector<double>& h,
                                       const std::vector<int>& label,
                                       int64_t classes, GradientNormOrder order)
    : classes_(classes), order_(order) {
  const size_t rows = label.size();
  if (rows == 0 || h.empty() || h.size() % rows != 0) {
    throw InputError(
        fmt::format("open set: {} features of {} inputs; write as many of each "
                    "input, at least one",
                    h.size(), rows));
  }
  const size_t width = h.size() / rows;
  features_ = static_cast<int64_t>(width);
  mean_.assign(static_cast<size_t>(classes) * width, 0);
  std::vector<double> count(static_cast<size_t>(classes), 0);
  for (size_t row = 0; row < rows; ++row) {
    const int k = label[row];
    if (k < 0 || k >= classes) {
      throw InputError(
          fmt::format("open set: input {} is of class {}; there "
                      "are 0 to {}",
                      row, k, classes - 1));
    }
    count[static_cast<size_t>(k)] += 1;
    for (size_t i = 0; i < width; ++i) {
      const double value = h[row * width + i];
      if (!std::isfinite(value)) {
        throw InputError(
            fmt::format("open set: feature {} of input {} is {}, "
                        "no number",
                        i, row, value));
      }
      mean_[static_cast<size_t>(k) * width + i] += value;
    }
  }
  for (size_t k = 0; k < count.size(); ++k) {
    if (count[k] == 0) {
      throw InputError(fmt::format(
          "open set: no input of class {}; every class needs one", k));
    }
    for (size_t i = 0; i < width; ++i) mean_[k * width + i] /= count[k];
  }
}

double GradientNormScorer::Score(const double* logits, const double* h) const {
  const int64_t predicted =
      std::max_element(logits, logits + classes_) - logits;
  const double* const mean = mean_.data() + predicted * features_;
  return ScoreOf(OthersOf(logits, classes_), features_, order_,
                 [h, mean](int64_t i) { return h[i] - mean[i]; });
}

std::string GradientNormScorer::Save() const {
  return json{{"classes", classes_},
              {"features", features_},
              {"order", order_ == GradientNormOrder::kOne ? 1 : 2},
              {"mean", mean_}}
      .dump();
}

GradientNormScorer GradientNormScorer::Load(const std::string& text) {
  try {
    const json saved = json::parse(text);
    GradientNormScorer scorer;
    scorer.classes_ = saved.at("classes").get<int64_t>();
    scorer.features_ = saved.at("features").get<int64_t>();
    const int order = saved.at("order").get<int>();
    scorer.mean_ = saved.at("mean").get<std::vector<double>>();
    const auto values = static_cast<int64_t>(scorer.mean_.size());
    if (scorer.classes_ < 1 || scorer.features_ < 1 ||
        values % scorer.classes_ != 0 ||
        values / scorer.classes_ != scorer.features_ ||
        (order != 1 && order != 2)) {
      throw InputError(fmt::format(
          "open set: {} means of {} classes and {} features, order {}: not a "
          "saved scorer",
          values, scorer.classes_, scorer.features_, order));
    }
    scorer.order_ =
        order == 1 ? GradientNormOrder::kOne : GradientNormOrder::kTwo;
    return scorer;
  } catch (const json::exception& error) {
    throw InputError(
        fmt::format("open set: not a saved scorer: {}", CauseOf(error)));
  }
}

double SoftmaxScore(const double* logits, int64_t classes) {
  const double others = OthersOf(logits, classes).sum;
  return others / (1 + others);
}

FlagMoments MomentsOfFlags(int64_t flagged, int64_t samples) {
  AIRLOCK_CHECK(flagged >= 0 && flagged <= samples, "{} of {}", flagged,
                samples);
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  if (samples == 0) return {0, kUnknown, kUnknown, kUnknown};
  const double a = static_cast<double>(flagged) / static_cast<double>(samples);
  const double deviation = std::sqrt(a * (1 - a));
  return {samples, a, deviation,
          deviation > 0 ? (1 - 2 * a) / deviation : kUnknown};
}

OpenSetMonitor::OpenSetMonitor(const std::vector<double>& known_scores,
                               const OpenSetOptions& options) {
  if (!(options.quantile > 0 && options.quantile < 1)) {
    throw InputError(fmt::format(
        "open set: quantile {} must lie between 0 and 1", options.quantile));
  }
  constexpr int64_t kLongest = 10'000'000;
  if (options.window < 1 || options.window > kLongest) {
    throw InputError(fmt::format("open set: window {} must lie within 1 and {}",
                                 options.window, kLongest));
  }
  const double n = static_cast<double>(known_scores.size());
  // Some score must lie above the threshold, or it means nothing.
  const double needed = std::ceil(1 / (1 - options.quantile) - 1e-9);
  if (n < needed) {
    throw InputError(fmt::format(
        "open set: {} known scores; a quantile of {} takes at least {}", n,
        options.quantile, needed));
  }
  for (size_t i = 0; i < known_scores.size(); ++i) {
    if (std::isfinite(known_scores[i])) continue;
    throw InputError(fmt::format("open set: known score {} is {}, no number", i,
                                 known_scores[i]));
  }
  threshold_ = Quantile(known_scores, options.quantile);
  expected_mean_ = static_cast<double>(std::count_if(
                       known_scores.begin(), known_scores.end(),
                       [this](double score) { return score > threshold_; })) /
                   n;
  flags_.assign(static_cast<size_t>(options.window), 0);
}

bool OpenSetMonitor::Update(double score) {
  if (std::isnan(score)) throw InputError("open set: a score is not a number");
  const bool flag = score > threshold_;
  uint8_t& place = flags_[static_cast<size_t>(next_)];
  const auto window = static_cast<int64_t>(flags_.size());
  if (samples_ == window) {
    flagged_ -= place;
  } else {
    ++samples_;
  }
  place = flag ? 1 : 0;
  flagged_ += place;
  next_ = next_ + 1 == window ? 0 : next_ + 1;
  return flag;
}

FlagMoments OpenSetMonitor::moments() const {
  return MomentsOfFlags(flagged_, samples_);
}

std::string OpenSetMonitor::Save() const {
  std::string flags;  // oldest first
  const auto window = static_cast<int64_t>(flags_.size());
  for (int64_t i = window - samples_; i < window; ++i) {
    flags += flags_[static_cast<size_t>((next_ + i) % window)] ? '1' : '0';
  }
  return json{{"threshold", threshold_},
              {"expected_mean", expected_mean_},
              {"window", window},
              {"flags", flags}}
      .dump();
}

OpenSetMonitor OpenSetMonitor::Load(const std::string& text) {
  try {
    const json saved = json::parse(text);
    OpenSetMonitor monitor;
    monitor.threshold_ = saved.at("threshold").get<double>();
    monitor.expected_mean_ = saved.at("expected_mean").get<double>();
    const std::string flags = saved.at("flags");
    const size_t window = saved.at("window").get<size_t>();
    if (window < 1 || flags.size() > window ||
        flags.find_first_not_of("01") != std::string::npos) {
      throw InputError(
          fmt::format("open set: {} flags for a window of {}, of 0 and 1 only",
                      flags.size(), window));
    }
    monitor.flags_.assign(window, 0);
    for (size_t i = 0; i < flags.size(); ++i) {
      monitor.flags_[i] = flags[i] == '1' ? 1 : 0;
      monitor.flagged_ += monitor.flags_[i];
    }
    monitor.samples_ = static_cast<int64_t>(flags.size());
    monitor.next_ = monitor.samples_ % static_cast<int64_t>(window);
    return monitor;
  } catch (const json::exception& error) {
    throw InputError(
        fmt::format("open set: not a saved monitor: {}", CauseOf(error)));
  }
}

}  // namespace airlock
