#pragma once

#include <fmt/format.h>
#include <httplib.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "tests/support/gate_folder.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"
#include "twin/forecast/model.h"
#include "twin/registry/registry.h"

// What a test of a live node needs: a registry with a promoted model, a node
// file, and the program airlock-node.
namespace airlock::testing {

inline std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file),
          std::istreambuf_iterator<char>()};
}

inline std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

inline std::vector<std::string> CellsOf(const std::string& line) {
  std::vector<std::string> cells;
  size_t begin = 0;
  for (size_t end; (end = line.find(',', begin)) != std::string::npos;) {
    cells.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  cells.push_back(line.substr(begin));
  return cells;
}

// decisions.csv without its first `cut` columns, of the lines that begin with
// `prefix` after a number.
inline std::vector<std::string> Decided(const std::string& path, int cut,
                                        const std::string& prefix = "") {
  std::vector<std::string> decided;
  for (const std::string& line : LinesOf(ReadAll(path))) {
    size_t begin = line.find(',') + 1;
    if (line.compare(begin, prefix.size(), prefix) != 0) continue;
    for (int i = 1; i < cut; ++i) begin = line.find(',', begin) + 1;
    decided.push_back(line.substr(begin));
  }
  return decided;
}

// Waits for it, up to half a minute on a machine under load.
inline bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// Makes of a folder with these files a gate's output with them as the
// candidate.
inline void SealGateFolder(const std::string& folder, const std::string& name,
                           const std::vector<std::string>& paths,
                           const std::string& verdict, const SigningKey& key) {
  WriteFileAtomically(folder + "/trace.h5", "samples");
  nlohmann::json files = nlohmann::json::array();
  for (const std::string& path : paths) {
    files.push_back(
        {{"path", path}, {"sha256", Sha256OfFile(folder + "/" + path)}});
  }
  nlohmann::json summary = {{"filetype", "gate-verdict"},
                            {"version", {1, 0}},
                            {"gate", "test"},
                            {"verdict", verdict},
                            {"candidate", {{"name", name}, {"files", files}}},
                            {"inputs",
                             {{{"what", "trace"},
                               {"path", folder + "/trace.h5"},
                               {"sha256", Sha256("samples")}}}},
                            {"criteria",
                             {{{"kind", "r2"},
                               {"label", "r2"},
                               {"outcome", verdict},
                               {"estimate", 0.92},
                               {"low", 0.9},
                               {"high", 0.94},
                               {"limit", 0.8},
                               {"unit", "1"},
                               {"n", 400},
                               {"reason", "0.92"}}}}};
  summary["digest"] = VerdictDigest(summary);
  WriteFileAtomically(folder + "/summary.json", summary.dump(2) + "\n");
  SealVerdict(folder, key);
}

// A gate's output folder with this model (and trigger) as the candidate.
inline void WriteGateFolderOf(const std::string& folder,
                              const std::string& name,
                              const ForecastModel& model,
                              const std::string& trigger_path,
                              const std::string& verdict,
                              const SigningKey& key) {
  std::filesystem::create_directories(folder);
  model.Save(folder + "/candidate.model");
  std::vector<std::string> files = {"candidate.model"};
  if (!trigger_path.empty()) {
    std::filesystem::copy_file(trigger_path, folder + "/drift.trigger");
    files.push_back("drift.trigger");
  }
  SealGateFolder(folder, name, files, verdict, key);
}

class NodeWorld {
 public:
  std::string operator/(const std::string& name) const {
    return folder_ / name;
  }
  const std::string& path() const { return folder_.path(); }
  std::string registry() const { return folder_ / "registry"; }
  std::string state() const { return folder_ / "state"; }

  // Returns the model's digest.
  std::string Promote(const std::string& name, const ForecastModel& model,
                      const std::string& trigger_path = "") {
    const std::string gate = NextGate();
    WriteGateFolderOf(gate, name, model, trigger_path, "promote", TestKey());
    return Registry(registry()).Promote(gate, Why()).model_digest;
  }
  // A trained agent, as a gate of kind control stores it.
  std::string PromoteAgent(const std::string& agent,
                           const std::string& policy) {
    const std::string gate = NextGate();
    std::filesystem::create_directories(gate);
    nlohmann::json controller = {{"agent", agent}};
    std::vector<std::string> files = {"candidate.controller"};
    if (!policy.empty()) {
      std::filesystem::copy_file(policy, gate + "/candidate.policy.json");
      controller["policy"] = "candidate.policy.json";
      files.push_back("candidate.policy.json");
    }
    WriteFileAtomically(gate + "/candidate.controller",
                        controller.dump() + "\n");
    SealGateFolder(gate, agent, files, "promote", TestKey());
    return Registry(registry()).Promote(gate, Why()).model_digest;
  }
  std::string Shadow(const std::string& name, const ForecastModel& model) {
    const std::string gate = NextGate();
    WriteGateFolderOf(gate, name, model, "", "inconclusive", TestKey());
    return Registry(registry()).SetCandidate(gate, "").model_digest;
  }

  // A node file of these sections (YAML), with name, registry and state.
  std::string WriteNode(const std::string& sections,
                        const std::string& name = "node.yaml") {
    std::ofstream(folder_ / name)
        << "schema: 1\nname: test-node\nregistry: registry\n"
        << (sections.find("state:") == std::string::npos
                ? "state: {folder: state, decisions: true}\n"
                : "")
        << (sections.find("metrics:") == std::string::npos
                ? "metrics: {enabled: false}\n"
                : "")
        << sections;
    return folder_ / name;
  }

  static std::vector<std::string> Command(
      const std::string& file, const std::vector<std::string>& more = {}) {
    std::vector<std::string> command = {AIRLOCK_BINARY_DIR "/airlock-node",
                                        file, "--allow-root"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  static ProgramResult RunNode(const std::string& file,
                               const std::vector<std::string>& more = {}) {
    return Run(Command(file, more));
  }

  // Rows of decisions.csv, without the header.
  std::vector<std::vector<std::string>> Decisions(
      const std::string& state = "state") const {
    std::vector<std::vector<std::string>> rows;
    for (const std::string& line :
         LinesOf(ReadAll(folder_ / state + "/decisions.csv"))) {
      rows.push_back(CellsOf(line));
    }
    if (!rows.empty()) rows.erase(rows.begin());
    return rows;
  }

 private:
  std::string NextGate() { return folder_ / fmt::format("gate-{}", ++gates_); }

  TemporaryFolder folder_;
  int gates_ = 0;
};

// Columns of decisions.csv.
enum DecisionCell {
  kSample,
  kTime,
  kActs,
  kDoubt,
  kModel,
  kForecast,
  kShadow,
  kSetting
};

// Events of a log of JSON lines, with this name.
inline std::vector<nlohmann::json> EventsOf(const std::string& log,
                                            const std::string& event) {
  std::vector<nlohmann::json> events;
  for (const std::string& line : LinesOf(log)) {
    const nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
    if (object.is_object() && object.value("event", "") == event) {
      events.push_back(object);
    }
  }
  return events;
}

}  // namespace airlock::testing
