#include "twin/drift/detector.h"

#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "twin/drift/feature_bank.h"

namespace airlock {

const char* ToString(DriftState state) {
  switch (state) {
    case DriftState::kStable:
      return "stable";
    case DriftState::kWarning:
      return "warning";
    case DriftState::kDrift:
      return "drift";
  }
  return "";
}

const char* ToString(Conditioning conditioning) {
  switch (conditioning) {
    case Conditioning::kAuto:
      return "auto";
    case Conditioning::kScores:
      return "scores";
    case Conditioning::kNone:
      return "none";
  }
  return "";
}

int64_t DriftDetector::MovedFirst() const {
  int64_t first = -1, longest_ago = -1;
  for (const FeatureFinding& finding : Findings()) {
    if (!finding.moved || finding.samples_since_change <= longest_ago) continue;
    first = finding.feature;
    longest_ago = finding.samples_since_change;
  }
  return first;
}

std::unique_ptr<DriftDetector> CalibrateDriftDetector(
    const DriftReference& reference, const DriftOptions& options) {
  return std::make_unique<FeatureBank>(reference, options);
}

std::unique_ptr<DriftDetector> LoadDriftDetector(const std::string& text) {
  try {
    return std::make_unique<FeatureBank>(nlohmann::json::parse(text));
  } catch (const nlohmann::json::exception& e) {
    throw InputError(fmt::format("not a drift detector: {}", CauseOf(e)));
  }
}

}  // namespace airlock
