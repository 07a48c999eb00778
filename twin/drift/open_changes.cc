#include "twin/drift/open_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/stats/interval.h"
#include "sim/stats/two_sample.h"
#include "twin/drift/autocorrelation.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr size_t kLevelValues = 50;
constexpr size_t kSuffixes[] = {6, 12, 25, 50};
constexpr size_t kNewest = 50;
constexpr int64_t kSilence = 10;        // delays
constexpr int64_t kShortestDelay = 10;  // samples, for the same
constexpr int64_t kTestEvery = 4;       // samples of silence

double Significance(const DriftDetector& detector) {
  return 1 / detector.options().ert;
}

}  // namespace

bool HasLeftLevel(const std::vector<double>& level,
                  const std::vector<double>& newest, double memory,
                  double significance) {
  if (level.size() < kLevelValues) return false;
  const double each = significance / static_cast<double>(std::size(kSuffixes));
  const double time = std::max(memory, AutocorrelationTime(level));
  const double limit =
      2 * NormalCdf(NormalQuantile(each / 2) * std::sqrt(time));
  for (const size_t last : kSuffixes) {
    if (newest.size() < last) break;
    const auto begin = newest.end() - static_cast<std::ptrdiff_t>(last);
    if (MannWhitney(level, {begin, newest.end()}).p_value < limit) return true;
  }
  return false;
}

std::string ChangeEnd::ToText() const {
  if (was_missing) {
    return fmt::format(
        "back at {:.3f} s (sample {}): {} has values again; it went missing "
        "with the alarm at sample {}\n",
        time_seconds, sample, feature, told_sample);
  }
  return fmt::format(
      "over at {:.3f} s (sample {}): {} {} {} samples without an alarm; its "
      "change was told at sample {}\n",
      time_seconds, sample, feature,
      left_level ? "left the level that it had moved to," : "had",
      silent_samples, told_sample);
}

json ChangeEnd::ToJson() const {
  return {{"sample", sample},
          {"time_seconds", time_seconds},
          {"feature", feature},
          {"told_sample", told_sample},
          {"was_missing", was_missing},
          {"left_level", left_level},
          {"silent_samples", silent_samples}};
}

void OpenChanges::Held::Add(double value) {
  if (level.size() < kLevelValues) {
    level.push_back(value);
    return;
  }
  if (newest.size() == kNewest) newest.pop_front();
  newest.push_back(value);
}

OpenChanges::Held* OpenChanges::Find(int64_t feature, bool missing) {
  for (Held& held : held_) {
    if (held.feature == feature && held.missing == missing) return &held;
  }
  return nullptr;
}

void OpenChanges::Hold(Held held) {
  Held* const before = Find(held.feature, held.missing);
  if (before == nullptr) {
    held_.push_back(std::move(held));
  } else {
    *before = std::move(held);
  }
}

std::vector<int64_t> OpenChanges::features() const {
  std::vector<int64_t> features;
  for (const Held& held : held_) features.push_back(held.feature);
  return features;
}

std::vector<ChangeEnd> OpenChanges::Take(const DriftDetector& detector,
                                         int64_t sample, double seconds,
                                         const double* row, bool alarmed) {
  std::vector<ChangeEnd> ends;
  if (held_.empty()) return ends;
  const std::vector<double> evidence = detector.feature_statistics();
  const std::vector<int64_t> lost = detector.LostFeatures();
  std::vector<Held> open;
  for (Held& held : held_) {
    const auto j = static_cast<size_t>(held.feature);
    ChangeEnd end{sample,
                  seconds,
                  detector.feature_names()[j],
                  held.told_sample,
                  held.missing,
                  false,
                  0};
    bool over = false;
    if (held.missing) {
      over = !std::binary_search(lost.begin(), lost.end(), held.feature);
    } else if (std::isfinite(row[j])) {
      held.Add(row[j]);
      held.silent += !evidence.empty() && !std::isnan(evidence[j]);
      const std::vector<double> newest(held.newest.begin(), held.newest.end());
      end.left_level =
          !alarmed && held.silent > held.delay &&
          held.silent % kTestEvery == 0 &&
          HasLeftLevel(held.level, newest, held.memory, Significance(detector));
      over = !alarmed &&
             (end.left_level ||
              held.silent >= kSilence * std::max(held.delay, kShortestDelay));
      end.silent_samples = held.silent;
    }
    if (over) {
      ends.push_back(std::move(end));
    } else {
      open.push_back(std::move(held));
    }
  }
  held_ = std::move(open);
  return ends;
}

Continuation OpenChanges::Alarm(const DriftDetector& detector, int64_t sample,
                                const Explainer& explainer,
                                const DriftExplanation& explanation) {
  const double significance = Significance(detector);
  Continuation continuation;
  continuation.continues = true;
  std::vector<const MovedFeature*> changed;  // not told, or not of this level
  for (const MovedFeature& moved : explanation.moved) {
    const FeatureFinding& finding = moved.finding;
    const bool alarms =
        finding.missing || finding.evidence >= finding.threshold;
    Held* const held = Find(finding.feature, finding.missing);
    if (held == nullptr) {
      changed.push_back(&moved);
      if (alarms) continuation.continues = false;
      continue;
    }
    const std::vector<double> newest(held->newest.begin(), held->newest.end());
    if (!alarms) continue;
    if (HasLeftLevel(held->level, newest, held->memory, significance)) {
      changed.push_back(&moved);
      continuation.continues = false;
      continue;
    }
    held->delay = std::max(held->delay, held->silent);
    ++held->repeats;
    if (continuation.told_sample < 0) {
      continuation.told_sample = held->told_sample;
      continuation.repeats = held->repeats;
    }
  }
  if (continuation.told_sample < 0) continuation.continues = false;
  if (!continuation.continues) continuation = {false, sample, 0};
  for (const MovedFeature* moved : changed) {
    Held held;
    held.feature = moved->finding.feature;
    held.missing = moved->finding.missing;
    // What is not yet at its threshold belongs to what is told.
    held.told_sample = continuation.told_sample;
    held.delay = moved->samples;
    held.memory = explainer.MemoryOf(held.feature);
    if (!held.missing) {
      for (const double value :
           explainer.Newest(held.feature, moved->samples)) {
        held.Add(value);
      }
    }
    Hold(std::move(held));
  }
  // Every statistic starts afresh.
  for (Held& held : held_) held.silent = 0;
  return continuation;
}

void OpenChanges::Save(json* state) const {
  *state = json::array();
  for (const Held& held : held_) {
    state->push_back({{"feature", held.feature},
                      {"missing", held.missing},
                      {"told_sample", held.told_sample},
                      {"repeats", held.repeats},
                      {"silent", held.silent},
                      {"delay", held.delay},
                      {"memory", held.memory},
                      {"level", held.level},
                      {"newest", held.newest}});
  }
}

void OpenChanges::Load(const json& state, int64_t features) {
  held_.clear();
  for (const json& each : state) {
    Held held;
    held.feature = each.at("feature").get<int64_t>();
    held.missing = each.at("missing").get<bool>();
    held.told_sample = each.at("told_sample").get<int64_t>();
    held.repeats = each.at("repeats").get<int64_t>();
    held.silent = each.at("silent").get<int64_t>();
    held.delay = each.at("delay").get<int64_t>();
    held.memory = each.at("memory").get<double>();
    held.level = each.at("level").get<std::vector<double>>();
    held.newest = each.at("newest").get<std::deque<double>>();
    if (held.feature < 0 || held.feature >= features) {
      throw InputError(
          fmt::format("drift state: an open change of feature {}, of {}",
                      held.feature, features));
    }
    held_.push_back(std::move(held));
  }
}

}  // namespace airlock
