#include "twin/contention/sensitivity.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "twin/pipeline/trainer.h"

namespace airlock {
namespace {

constexpr size_t kFewestSamples = 10;
// How far beyond its range a metric may lie.
constexpr double kMargin = 0.1;

size_t IndexOf(const std::string& metric) {
  size_t i = 0;
  while (ContentionMetrics()[i].name != metric) ++i;
  return i;
}

double Pressure(SensitivityLearner learner, const ContentionVector& vector) {
  // What misses the L2 refers to the L3.
  static const size_t references = IndexOf("l2miss");
  static const size_t occupancy = IndexOf("l3occ");
  return vector[learner == SensitivityLearner::kCacheReferences ? references
                                                                : occupancy];
}

std::vector<double> InputsOf(const ContentionVector& competitors,
                             const TrafficAttributes& traffic) {
  std::vector<double> inputs(competitors.begin(), competitors.end());
  inputs.push_back(traffic.packet_bytes);
  inputs.push_back(traffic.flows);
  return inputs;
}

std::string InputName(size_t i) {
  if (i < kContentionMetrics) return ContentionMetrics()[i].name;
  return i == kContentionMetrics ? "packet size" : "number of flows";
}

bool IsAlone(const ContentionVector& vector) {
  return std::all_of(vector.begin(), vector.end(),
                     [](double value) { return value == 0; });
}

double SoloRate(const std::vector<SensitivitySample>& samples) {
  double sum = 0, count = 0, most = 0;
  for (const SensitivitySample& sample : samples) {
    most = std::max(most, sample.packets_per_second);
    if (!IsAlone(sample.competitors)) continue;
    sum += sample.packets_per_second;
    ++count;
  }
  return count > 0 ? sum / count : most;
}

// Of `y` over `x` by least squares; level where x does not vary.
std::pair<double, double> FitLine(const std::vector<double>& x,
                                  const std::vector<double>& y) {
  const double n = static_cast<double>(x.size());
  double mean_x = 0, mean_y = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    mean_x += x[i] / n;
    mean_y += y[i] / n;
  }
  double xx = 0, xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  const double slope = xx > 0 ? xy / xx : 0;
  return {mean_y - slope * mean_x, slope};
}

}  // namespace

const char* ToString(SensitivityLearner learner) {
  switch (learner) {
    case SensitivityLearner::kBoosting:
      return "boosting";
    case SensitivityLearner::kCacheReferences:
      return "cache references";
    case SensitivityLearner::kCacheOccupancy:
      return "cache occupancy";
    case SensitivityLearner::kSolo:
      return "solo";
  }
  return "";
}

SensitivityModel::SensitivityModel(
    std::string function, const std::vector<SensitivitySample>& samples,
    SensitivityLearner learner)
    : function_(std::move(function)), learner_(learner) {
  if (samples.size() < kFewestSamples) {
    throw InputError(
        fmt::format("contention: {} co-locations of '{}'; at least {} are "
                    "needed to learn from",
                    samples.size(), function_, kFewestSamples));
  }
  for (const SensitivitySample& sample : samples) {
    const std::vector<double> inputs =
        InputsOf(sample.competitors, sample.traffic);
    low_.resize(inputs.size(), INFINITY);
    high_.resize(inputs.size(), -INFINITY);
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!std::isfinite(inputs[i]) ||
          !std::isfinite(sample.packets_per_second)) {
        throw InputError(fmt::format(
            "contention: a co-location of '{}' has an unknown {}", function_,
            std::isfinite(inputs[i]) ? "rate" : InputName(i)));
      }
      low_[i] = std::min(low_[i], inputs[i]);
      high_[i] = std::max(high_[i], inputs[i]);
    }
  }
  if (learner_ == SensitivityLearner::kBoosting) {
    LearnTrees(samples);
  } else {
    LearnLines(samples);
  }
}

void SensitivityModel::LearnTrees(
    const std::vector<SensitivitySample>& samples) {
  SampleTable table;
  table.columns = static_cast<int64_t>(low_.size());
  for (const SensitivitySample& sample : samples) {
    for (const double value : InputsOf(sample.competitors, sample.traffic)) {
      table.x.push_back(value);
    }
    table.y.push_back(sample.packets_per_second);
    table.last_target.push_back(NAN);
    table.origin.push_back(static_cast<int64_t>(table.origin.size()));
  }
  ForecasterOptions options;
  options.parameters = {{"rounds", 100}, {"depth", 3}, {"eta", 0.1}};
  trees_ = TrainForecaster("xgboost", table, options);
}

void SensitivityModel::LearnLines(
    const std::vector<SensitivitySample>& samples) {
  std::map<TrafficAttributes, std::vector<SensitivitySample>> by_traffic;
  for (const SensitivitySample& sample : samples) {
    by_traffic[sample.traffic].push_back(sample);
  }
  for (const auto& [traffic, group] : by_traffic) {
    if (learner_ == SensitivityLearner::kSolo) {
      lines_[traffic] = {SoloRate(group), 0};
      continue;
    }
    std::vector<double> x, y;
    for (const SensitivitySample& sample : group) {
      x.push_back(Pressure(learner_, sample.competitors));
      y.push_back(sample.packets_per_second);
    }
    const auto [intercept, slope] = FitLine(x, y);
    lines_[traffic] = {intercept, slope};
  }
}

std::string SensitivityModel::Outside(const std::vector<double>& inputs) const {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const double margin =
        i < kContentionMetrics ? kMargin * (high_[i] - low_[i]) : 0;
    if (inputs[i] >= low_[i] - margin && inputs[i] <= high_[i] + margin) {
      continue;
    }
    return fmt::format(
        "{} {:.6g} is outside of {:.6g} to {:.6g}, which '{}' "
        "was profiled with",
        InputName(i), inputs[i], low_[i], high_[i], function_);
  }
  return "";
}

SensitivityAnswer SensitivityModel::Predict(
    const ContentionVector& competitors,
    const TrafficAttributes& traffic) const {
  const std::vector<double> inputs = InputsOf(competitors, traffic);
  SensitivityAnswer answer;
  answer.outside = Outside(inputs);
  if (trees_ != nullptr) {
    answer.packets_per_second = trees_->Predict(inputs.data(), NAN);
    return answer;
  }
  auto line = lines_.begin();
  double nearest = INFINITY;
  for (auto it = lines_.begin(); it != lines_.end(); ++it) {
    const double distance =
        std::hypot(std::log(it->first.packet_bytes / traffic.packet_bytes),
                   std::log(it->first.flows / traffic.flows));
    if (distance < nearest) {
      nearest = distance;
      line = it;
    }
  }
  answer.packets_per_second =
      line->second.intercept +
      line->second.slope * Pressure(learner_, competitors);
  return answer;
}

}  // namespace airlock
