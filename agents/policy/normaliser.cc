#include "agents/policy/normaliser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace airlock {

using nlohmann::json;

RunningMoments::RunningMoments(int64_t width)
    : mean_(static_cast<size_t>(width)), squares_(static_cast<size_t>(width)) {}

std::vector<double> RunningMoments::Variance() const {
  std::vector<double> variance = squares_;
  for (double& value : variance) value = count_ > 0 ? value / count_ : 0;
  return variance;
}

void RunningMoments::Add(const double* numbers, int64_t rows) {
  if (rows == 0) return;
  const size_t width = mean_.size();
  const auto n = static_cast<double>(rows);
  for (size_t i = 0; i < width; ++i) {
    double mean = 0;
    for (int64_t r = 0; r < rows; ++r) mean += numbers[r * width + i];
    mean /= n;
    double squares = 0;
    for (int64_t r = 0; r < rows; ++r) {
      const double deviation = numbers[r * width + i] - mean;
      squares += deviation * deviation;
    }
    const double delta = mean - mean_[i];
    mean_[i] += delta * n / (count_ + n);
    squares_[i] += squares + delta * delta * count_ * n / (count_ + n);
  }
  count_ += n;
}

json RunningMoments::ToJson() const {
  return {{"count", count_}, {"mean", mean_}, {"squares", squares_}};
}

RunningMoments RunningMoments::FromJson(const json& saved) {
  try {
    RunningMoments moments(0);
    moments.count_ = saved.at("count");
    moments.mean_ = saved.at("mean").get<std::vector<double>>();
    moments.squares_ = saved.at("squares").get<std::vector<double>>();
    if (moments.mean_.size() != moments.squares_.size()) {
      throw InputError("running moments: mean and squares differ in length");
    }
    return moments;
  } catch (const json::exception& e) {
    throw InputError(fmt::format("running moments: {}", e.what()));
  }
}

Normaliser Normaliser::Identity(int64_t width) {
  Normaliser normaliser;
  normaliser.mean.assign(static_cast<size_t>(width), 0);
  normaliser.scale.assign(static_cast<size_t>(width), 1);
  normaliser.clip = std::numeric_limits<double>::max();
  return normaliser;
}

Normaliser Normaliser::Of(const RunningMoments& moments, double clip) {
  Normaliser normaliser;
  normaliser.mean = moments.mean();
  for (const double variance : moments.Variance()) {
    normaliser.scale.push_back(std::sqrt(variance + 1e-8));
  }
  normaliser.clip = clip;
  return normaliser;
}

void Normaliser::Apply(const double* x, double* y) const {
  for (size_t i = 0; i < mean.size(); ++i) {
    y[i] = std::clamp((x[i] - mean[i]) / scale[i], -clip, clip);
  }
}

json Normaliser::ToJson() const {
  return {{"mean", mean}, {"scale", scale}, {"clip", clip}};
}

Normaliser Normaliser::FromJson(const json& saved) {
  Normaliser normaliser;
  try {
    normaliser.mean = saved.at("mean").get<std::vector<double>>();
    normaliser.scale = saved.at("scale").get<std::vector<double>>();
    normaliser.clip = saved.at("clip");
  } catch (const json::exception& e) {
    throw InputError(fmt::format("normaliser: {}", e.what()));
  }
  if (normaliser.mean.size() != normaliser.scale.size()) {
    throw InputError(fmt::format("normaliser: {} means and {} scales",
                                 normaliser.mean.size(),
                                 normaliser.scale.size()));
  }
  const bool good =
      normaliser.clip > 0 &&
      std::all_of(normaliser.mean.begin(), normaliser.mean.end(),
                  [](double m) { return std::isfinite(m); }) &&
      std::all_of(normaliser.scale.begin(), normaliser.scale.end(),
                  [](double s) { return std::isfinite(s) && s > 0; });
  if (!good) {
    throw InputError(
        "normaliser: means must be finite, scales and clip positive");
  }
  return normaliser;
}

}  // namespace airlock
