#include "twin/drift/detector.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "twin/drift/jensen_shannon.h"

namespace airlock {

const double DriftOptions::kCalibrate =
    std::numeric_limits<double>::quiet_NaN();

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

const std::vector<DetectorEntry>& DriftDetectors() {
  static const std::vector<DetectorEntry> kTable = {
      {"jensen-shannon", CalibrateJensenShannon, LoadJensenShannon,
       "divergence of a sliding window's histogram from the reference's"},
  };
  return kTable;
}

namespace {

const DetectorEntry& FindDetector(const std::string& name) {
  std::string known;
  for (const DetectorEntry& entry : DriftDetectors()) {
    if (entry.name == name) return entry;
    known += known.empty() ? entry.name : fmt::format(", {}", entry.name);
  }
  throw InputError(
      fmt::format("no drift detector '{}'; known: {}", name, known));
}

}  // namespace

std::unique_ptr<DriftDetector> CalibrateDriftDetector(
    const DriftReference& reference, const DriftOptions& options) {
  return FindDetector(options.detector).calibrate(reference, options);
}

std::unique_ptr<DriftDetector> LoadDriftDetector(const std::string& text) {
  std::string name;
  try {
    name = nlohmann::json::parse(text).at("detector").get<std::string>();
  } catch (const nlohmann::json::exception& e) {
    throw InputError(fmt::format("not a drift detector: {}", CauseOf(e)));
  }
  return FindDetector(name).load(text);
}

}  // namespace airlock
