#include "twin/node/retraining_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "twin/node/log.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string NameOf(int64_t number) {
  return fmt::format("request-{:06}", number);
}

}  // namespace

RetrainingRequests::RetrainingRequests(const RetrainingConfig& config,
                                       std::string node)
    : config_(config), node_(std::move(node)) {
  if (!enabled()) return;
  std::error_code error;
  fs::create_directories(config_.folder, error);
  if (error) {
    throw Error(
        fmt::format("cannot create {}: {}", config_.folder, error.message()));
  }
  // Never the number of one that is there.
  for (const fs::directory_entry& entry :
       fs::directory_iterator(config_.folder)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("request-", 0) != 0) continue;
    number_ = std::max<int64_t>(number_, std::atoll(name.c_str() + 8));
  }
}

std::string RetrainingRequests::path() const {
  return fmt::format("{}/{}.json", config_.folder, NameOf(number_));
}

void RetrainingRequests::Write(const RecentSamples& recent, bool ready) {
  const Trace window =
      recent.Range(since_, ready ? since_ + config_.samples : recent.next());
  std::string csv = CsvHeaderText(window);
  for (int64_t i = 0; i < window.samples(); ++i) csv += CsvRowText(window, i);
  const std::string name = NameOf(number_) + ".csv";
  WriteFileAtomically(config_.folder + "/" + name, csv);
  request_["state"] = ready ? "ready" : "collecting";
  request_["window"] = {{"file", name},
                        {"sha256", Sha256(csv)},
                        {"format", "csv"},
                        {"samples", window.samples()},
                        {"begin_seconds", window.time_seconds.front()},
                        {"end_seconds", window.time_seconds.back()}};
  request_["written"] = UtcNow();
  WriteFileAtomically(path(), request_.dump(2) + "\n");
}

bool RetrainingRequests::Alarm(const TriggerAlarm& alarm, const json& model,
                               const RecentSamples& recent) {
  if (!enabled()) return false;
  // The trigger counts its own samples: it tells how far back the change is.
  const int64_t back =
      alarm.alarm.sample - alarm.alarm.explanation.since_sample;
  const bool told = alarm.alarm.continuation.continues;
  if (open() && (told || !ready_ ||
                 recent.next() - 1 - back < since_ + config_.samples)) {
    request_["alarms"] = request_["alarms"].get<int64_t>() + 1;
    return false;
  }
  if (told) return false;
  since_ = std::clamp<int64_t>(recent.next() - 1 - back, recent.first(),
                               recent.next() - 1);
  ++number_;
  ready_ = false;
  request_ = {{"filetype", "airlock retraining request"},
              {"version", {1, 0}},
              {"number", number_},
              {"node", node_},
              {"model", model},
              {"trigger", alarm.trigger},
              {"alarm", alarm.alarm.ToJson()},
              {"alarms", 1},
              {"wanted_samples", config_.samples},
              {"cut", recent.next() - 1 - back < recent.first()}};
  Write(recent, recent.next() - since_ >= config_.samples);
  ready_ = request_["state"] == "ready";
  return true;
}

bool RetrainingRequests::Collect(const RecentSamples& recent) {
  if (!open() || ready_ || recent.next() - since_ < config_.samples) {
    return false;
  }
  Write(recent, true);
  ready_ = true;
  return true;
}

void RetrainingRequests::Supersede() {
  if (!open()) return;
  if (!ready_) {
    request_["state"] = "superseded";
    request_["written"] = UtcNow();
    WriteFileAtomically(path(), request_.dump(2) + "\n");
  }
  request_ = nullptr;
}

json RetrainingRequests::Save() const {
  return {{"number", number_},
          {"request", request_},
          {"since", since_},
          {"ready", ready_}};
}

void RetrainingRequests::Load(const json& saved) {
  number_ = std::max(number_, saved.at("number").get<int64_t>());
  request_ = saved.at("request");
  if (open()) number_ = saved.at("number").get<int64_t>();
  since_ = saved.at("since").get<int64_t>();
  ready_ = saved.at("ready").get<bool>();
}

}  // namespace airlock
