#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "sim/telemetry/trace.h"
#include "twin/drift/watch.h"
#include "twin/forecast/model.h"

namespace airlock {

// An alarm and the trigger that raised it.
struct TriggerAlarm {
  std::string trigger;  // its name: the file's, without folder
  DriftAlarm alarm;
};

// What the triggers found in one sample.
struct TriggerFindings {
  std::vector<TriggerAlarm> alarms;
  // Changes that are over, each with the trigger that had told of it.
  std::vector<std::pair<std::string, ChangeEnd>> ends;
};

// The drift triggers of a node: those of its file, and the one that was
// promoted with its champion. Owns their state.
class DriftTriggers {
 public:
  // Reads the files of the node file. Throws InputError, Error.
  explicit DriftTriggers(const std::vector<std::string>& paths);

  // The trigger that comes with the champion; empty path: none. Starts afresh
  // unless it is the one that runs. Throws InputError, Error; then the one
  // before stays.
  void Ship(const std::string& path);
  // The champion, whose errors are watched by triggers that were calibrated
  // with it; `notes` gets a line for each that was with another model.
  void Use(std::shared_ptr<const ForecastModel> champion, double since_seconds,
           std::vector<std::string>* notes);
  // Throws InputError naming columns that `columns` lacks or has in another
  // unit.
  void CheckColumns(const Trace& columns) const;
  TriggerFindings Take(const Trace& sample);

  struct Running {
    std::string name;
    std::string path;
    DriftTrigger trigger;
    int64_t alarms = 0;   // that told of a change
    int64_t repeats = 0;  // of those
  };
  const std::vector<Running>& running() const { return running_; }

  // Writes one file a trigger, FOLDER/STEM-K.json, and says which, for Load().
  nlohmann::json Save(const std::string& folder, const std::string& stem) const;
  // Goes on where Save() was. A trigger whose file is another one by now starts
  // afresh: `notes` gets a line. Throws InputError, json::exception.
  void Load(const nlohmann::json& saved, const std::string& folder,
            std::vector<std::string>* notes);

 private:
  std::vector<Running> running_;  // the shipped one last
  bool shipped_ = false;
};

}  // namespace airlock
