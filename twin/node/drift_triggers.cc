#include "twin/node/drift_triggers.h"

#include <fmt/format.h>

#include <filesystem>

#include "sim/base/digest.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

std::string NameOf(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

}  // namespace

DriftTriggers::DriftTriggers(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    running_.push_back({NameOf(path), path, DriftTrigger::Load(path), 0, 0});
  }
}

void DriftTriggers::Ship(const std::string& path) {
  if (path.empty()) {
    if (shipped_) running_.pop_back();
    shipped_ = false;
    return;
  }
  Running next{NameOf(path), path, DriftTrigger::Load(path), 0, 0};
  if (shipped_) {
    if (running_.back().trigger.identity() == next.trigger.identity()) return;
    running_.pop_back();
  }
  shipped_ = true;
  running_.push_back(std::move(next));
}

void DriftTriggers::Use(std::shared_ptr<const ForecastModel> champion,
                        double since_seconds, std::vector<std::string>* notes) {
  for (Running& each : running_) {
    try {
      each.trigger.Use({champion, nullptr, since_seconds});
    } catch (const InputError& error) {
      each.trigger.Use({});
      notes->push_back(fmt::format("{}: does not watch the model's errors: {}",
                                   each.name, error.what()));
    }
  }
}

void DriftTriggers::CheckColumns(const Trace& columns) const {
  for (const Running& each : running_) {
    each.trigger.monitor().CheckColumns(columns);
  }
}

TriggerFindings DriftTriggers::Take(const Trace& sample) {
  TriggerFindings findings;
  for (Running& each : running_) {
    DriftWatch watch = each.trigger.Watch(sample);
    for (DriftAlarm& alarm : watch.alarms) {
      ++(alarm.continuation.continues ? each.repeats : each.alarms);
      findings.alarms.push_back({each.name, std::move(alarm)});
    }
    for (ChangeEnd& end : watch.ends) {
      findings.ends.emplace_back(each.name, std::move(end));
    }
  }
  return findings;
}

json DriftTriggers::Save(const std::string& folder,
                         const std::string& stem) const {
  json saved = json::array();
  for (size_t k = 0; k < running_.size(); ++k) {
    const std::string name = fmt::format("{}-{}.json", stem, k);
    const std::string path = folder + "/" + name;
    running_[k].trigger.Save(path);
    saved.push_back({{"file", name},
                     {"sha256", Sha256OfFile(path)},
                     {"trigger", running_[k].path},
                     {"identity", running_[k].trigger.identity()},
                     {"alarms", running_[k].alarms},
                     {"repeats", running_[k].repeats}});
  }
  return saved;
}

void DriftTriggers::Load(const json& saved, const std::string& folder,
                         std::vector<std::string>* notes) {
  for (Running& each : running_) {
    bool found = false;
    for (const json& record : saved) {
      if (found ||
          record.at("identity").get<std::string>() != each.trigger.identity()) {
        continue;
      }
      const std::string path =
          folder + "/" + record.at("file").get<std::string>();
      if (Sha256OfFile(path) != record.at("sha256").get<std::string>()) {
        throw InputError(fmt::format("{}: is not what was saved", path));
      }
      each.trigger = DriftTrigger::Load(path);
      each.alarms = record.at("alarms").get<int64_t>();
      each.repeats = record.value("repeats", int64_t{0});
      found = true;
    }
    if (!found) {
      notes->push_back(
          fmt::format("{}: has no saved state and starts afresh", each.name));
    }
  }
}

}  // namespace airlock
