#include "twin/gate/input_files.h"

#include <algorithm>
#include <filesystem>

#include "sim/config/reader.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

bool EndsWith(const std::string& text, const std::string& ending) {
  return text.size() >= ending.size() &&
         text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

// "NAME.json" of "NAME.csv.xz"; empty for another kind of file.
std::string RecordBeside(const std::string& path) {
  for (const char* ending : {".csv", ".csv.xz", ".csv.gz"}) {
    if (!EndsWith(path, ending)) continue;
    return path.substr(0, path.size() - std::string(ending).size()) + ".json";
  }
  return "";
}

std::vector<std::string> FilesInFolder(const std::string& path) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::vector<std::string> FilesReadAs(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return FilesInFolder(path);
  if (EndsWith(path, ".yaml") || EndsWith(path, ".yml")) {
    Diagnostics diagnostics;  // whoever needs the content reports them
    const auto document = ReadDocument(path, {}, &diagnostics);
    if (document && !document->files.empty()) return document->files;
  }
  std::vector<std::string> files = {path};
  const std::string record = RecordBeside(path);
  if (fs::is_regular_file(record, ignored)) files.push_back(record);
  return files;
}

std::vector<std::string> FilesOf(const ResolvedScenario& resolved) {
  std::vector<std::string> files = resolved.files();
  const Scenario& scenario = resolved.scenario();
  const auto add = [&](const std::string& named) {
    if (!named.empty()) files.push_back(named);
  };
  add(scenario.controller.policy);
  if (scenario.wlan) {
    const WlanConfig& wlan = *scenario.wlan;
    add(wlan.load.trace);
    add(wlan.airtime.profile);
    add(wlan.profile);
  }
  if (scenario.datacentre && scenario.datacentre->chain) {
    const ChainConfig& chain = *scenario.datacentre->chain;
    add(chain.workload.load.trace);
    add(chain.profile);
  }
  return files;
}

}  // namespace airlock
