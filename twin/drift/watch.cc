#include "twin/drift/watch.h"

#include <nlohmann/json.hpp>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"

// FORMAT of a trigger file: one JSON object
//   filetype  "airlock drift trigger"
//   version   [major, minor]; readers refuse a newer major
//   digest    SHA-256 of the text of `body` with sorted keys and no blanks
//   body      {monitor, detector, reference_digest}

namespace airlock {
namespace {

using nlohmann::json;

constexpr const char* kFileType = "airlock drift trigger";
constexpr int kMajor = 1;
constexpr int kMinor = 0;

json AlarmToJson(const DriftAlarm& alarm) {
  return {{"state", ToString(alarm.state)},
          {"sample", alarm.sample},
          {"time_seconds", alarm.time_seconds},
          {"statistic", alarm.statistic},
          {"threshold", alarm.threshold},
          {"feature", alarm.feature},
          {"feature_statistic", alarm.feature_statistic}};
}

}  // namespace

std::string DriftWatch::ToText() const {
  if (alarms.empty()) {
    return fmt::format("no drift in {} samples ({} in warning)\n", samples,
                       warnings);
  }
  std::string text =
      fmt::format("drift: {} alarms in {} samples\n", alarms.size(), samples);
  for (const DriftAlarm& alarm : alarms) {
    text += fmt::format(
        "  at {:.3f} s (sample {}): {:.4f} >= {:.4f}, most in {} ({:.4f})\n",
        alarm.time_seconds, alarm.sample, alarm.statistic, alarm.threshold,
        alarm.feature, alarm.feature_statistic);
  }
  return text;
}

std::string DriftWatch::ToJson() const {
  json list = json::array();
  for (const DriftAlarm& alarm : alarms) list.push_back(AlarmToJson(alarm));
  return json{{"samples", samples},
              {"warnings", warnings},
              {"drift", drift()},
              {"alarms", list}}
      .dump(2);
}

DriftTrigger::DriftTrigger(Monitor monitor,
                           std::unique_ptr<DriftDetector> detector,
                           std::string reference_digest)
    : monitor_(std::move(monitor)),
      detector_(std::move(detector)),
      reference_digest_(std::move(reference_digest)) {}

namespace {

std::pair<Monitor, std::unique_ptr<DriftDetector>> PartsOf(
    const json& body, const std::string& path) {
  try {
    return {Monitor::FromText(body.at("monitor").dump()),
            LoadDriftDetector(body.at("detector").dump())};
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", path, error.what()));
  }
}

}  // namespace

DriftTrigger DriftTrigger::Load(const std::string& path) {
  const std::string text = ReadFile(path);
  try {
    const json file = json::parse(text);
    if (!file.is_object() || file.value("filetype", "") != kFileType) {
      throw InputError(fmt::format("{}: not a drift trigger", path));
    }
    const int major = file.at("version").at(0).get<int>();
    if (major > kMajor) {
      throw InputError(fmt::format(
          "{}: drift trigger of version {}; this program reads up to {}", path,
          major, kMajor));
    }
    const json& body = file.at("body");
    if (Sha256(body.dump()) != file.at("digest").get<std::string>()) {
      throw InputError(
          fmt::format("{}: corrupt: its digest does not match", path));
    }
    auto [monitor, detector] = PartsOf(body, path);
    if (detector->features() !=
        static_cast<int64_t>(monitor.features().size())) {
      throw InputError(
          fmt::format("{}: its detector watches {} features, its monitor {}",
                      path, detector->features(), monitor.features().size()));
    }
    return DriftTrigger(std::move(monitor), std::move(detector),
                        body.at("reference_digest").get<std::string>());
  } catch (const json::exception& e) {
    throw InputError(
        fmt::format("{}: not a drift trigger: {}", path, CauseOf(e)));
  }
}

void DriftTrigger::Save(const std::string& path) const {
  const json body = {{"monitor", json::parse(monitor_.ToText())},
                     {"detector", json::parse(detector_->Save())},
                     {"reference_digest", reference_digest_}};
  const json file = {{"filetype", kFileType},
                     {"version", {kMajor, kMinor}},
                     {"digest", Sha256(body.dump())},
                     {"body", body}};
  WriteFileAtomically(path, file.dump() + "\n");
}

DriftWatch DriftTrigger::Watch(const Trace& trace) {
  const MonitoredSamples monitored = monitor_.Apply(trace);
  const size_t features = monitor_.features().size();
  DriftWatch watch;
  for (size_t begin = 0; begin < monitored.values.size(); begin += features) {
    const int64_t sample =
        monitored.first + static_cast<int64_t>(begin / features);
    const DriftState state = detector_->Update(monitored.values.data() + begin);
    ++watch.samples;
    if (state == DriftState::kWarning) ++watch.warnings;
    if (state != DriftState::kDrift) continue;
    DriftAlarm alarm;
    alarm.sample = sample;
    alarm.time_seconds = trace.time_seconds[static_cast<size_t>(sample)];
    alarm.statistic = detector_->statistic();
    alarm.threshold = detector_->threshold();
    const size_t moved = static_cast<size_t>(detector_->most_moved());
    alarm.feature = monitor_.features()[moved];
    alarm.feature_statistic = detector_->feature_statistics()[moved];
    watch.alarms.push_back(std::move(alarm));
  }
  return watch;
}

DriftTrigger CalibrateDrift(const Trace& reference,
                            const MonitorOptions& monitor_options,
                            const DriftOptions& options) {
  DriftReference features;
  Monitor monitor = Monitor::Fit(reference, monitor_options, &features);
  auto detector = CalibrateDriftDetector(features, options);
  return DriftTrigger(std::move(monitor), std::move(detector),
                      reference.Digest());
}

}  // namespace airlock
