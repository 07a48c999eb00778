#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

// The drawing of the tree: which folder includes which, and which folder is the
// home of which library. An edge that is not in the drawing is an error, and so
// is one that is drawn and not there.
namespace airlock {
namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::set<std::string>>& AllowedEdges() {
  static const std::map<std::string, std::set<std::string>> edges = {
      {"sim/base", {}},
      {"sim/config", {"sim/base"}},
      {"sim/telemetry", {"sim/base"}},
      {"sim/stats", {"sim/base"}},
      {"sim/optimisation", {"sim/base", "sim/stats"}},
      {"sim/collector", {"sim/base", "sim/stats", "sim/telemetry"}},
      {"sim/scenario",
       {"sim/base", "sim/config", "sim/topology", "sim/workload"}},
      {"sim/results", {"sim/base", "sim/stats", "sim/telemetry"}},
      {"sim/topology", {"sim/base"}},
      {"sim/workload", {"sim/base", "sim/config", "sim/telemetry"}},
      {"sim/engine",
       {"sim/base", "sim/results", "sim/scenario", "sim/telemetry"}},
      {"sim/surrogate",
       {"sim/base", "sim/collector", "sim/engine", "sim/results",
        "sim/scenario", "sim/stats", "sim/telemetry", "sim/workload"}},
      {"sim/server",
       {"sim/base", "sim/engine", "sim/results", "sim/scenario",
        "sim/surrogate", "sim/telemetry"}},
      {"sim/packet",
       {"sim/base", "sim/collector", "sim/engine", "sim/results",
        "sim/scenario", "sim/stats", "sim/surrogate", "sim/telemetry",
        "sim/topology", "sim/workload"}},
      {"calibration/traces", {"sim/base", "sim/collector", "sim/telemetry"}},
      {"calibration/bayes", {"sim/base", "sim/optimisation", "sim/stats"}},
      {"calibration/fit",
       {"sim/base", "sim/scenario", "sim/stats", "sim/surrogate",
        "sim/telemetry"}},
      {"calibration/settings",
       {"calibration/bayes", "calibration/fit", "sim/base", "sim/config",
        "sim/engine", "sim/optimisation", "sim/scenario", "sim/server",
        "sim/stats", "sim/surrogate", "sim/telemetry"}},
      {"calibration/surrogate",
       {"sim/base", "sim/scenario", "sim/stats", "sim/surrogate"}},
      {"agents/safety", {"sim/base", "sim/stats", "sim/surrogate"}},
      {"agents/balancing",
       {"agents/env", "sim/base", "sim/scenario", "sim/surrogate"}},
      {"agents/placement",
       {"agents/env", "sim/base", "sim/scenario", "sim/server", "sim/stats",
        "sim/surrogate"}},
      {"agents/baselines",
       {"agents/balancing", "agents/placement", "agents/policy",
        "agents/safety", "sim/base", "sim/engine", "sim/results",
        "sim/scenario", "sim/stats", "sim/surrogate", "sim/telemetry",
        "sim/topology", "sim/workload"}},
      {"agents/env",
       {"agents/safety", "sim/base", "sim/engine", "sim/scenario", "sim/stats",
        "sim/surrogate", "sim/telemetry", "sim/workload"}},
      {"agents/policy", {"agents/env", "sim/base", "sim/surrogate"}},
      {"agents/evaluation", {"sim/base", "sim/stats"}},
      {"agents/noise",
       {"agents/baselines", "agents/env", "sim/base", "sim/scenario",
        "sim/stats"}},
      {"agents/program", {"sim/base", "sim/engine"}},
      {"agents/rollout", {"agents/env", "agents/policy", "sim/base"}},
      {"agents/learn",
       {"agents/balancing", "agents/baselines", "agents/env", "agents/noise",
        "agents/placement", "agents/policy", "agents/rollout", "sim/base",
        "sim/config", "sim/scenario", "sim/stats", "sim/surrogate",
        "sim/workload"}},
      {"twin/forecast", {"agents/policy", "sim/base", "sim/telemetry"}},
      {"twin/pipeline",
       {"agents/learn", "sim/base", "sim/config", "sim/optimisation",
        "sim/stats", "sim/telemetry", "twin/forecast"}},
      {"twin/contention",
       {"sim/base", "sim/scenario", "sim/server", "sim/stats", "sim/telemetry",
        "twin/forecast", "twin/pipeline"}},
      {"twin/drift",
       {"sim/base", "sim/stats", "sim/telemetry", "twin/forecast"}},
      // Fits models; the rest of the folder runs on a node.
      {"twin/drift/monitor_fit.cc",
       {"sim/base", "twin/drift", "twin/pipeline"}},
      {"twin/registry", {"sim/base"}},
      {"twin/worker",
       {"agents/baselines", "agents/env", "agents/program", "sim/base",
        "sim/engine", "sim/results", "sim/scenario", "sim/server",
        "sim/surrogate"}},
      // The program airlock-worker; `airlock` links the rest of the folder and
      // must not load ns-3.
      {"twin/worker/main.cc",
       {"agents/baselines", "agents/noise", "agents/rollout", "sim/base",
        "sim/engine", "sim/packet", "sim/server", "sim/surrogate",
        "sim/telemetry", "twin/worker"}},
      {"twin/node",
       {"agents/baselines", "agents/policy", "calibration/traces", "sim/base",
        "sim/collector", "sim/config", "sim/engine", "sim/results",
        "sim/scenario", "sim/surrogate", "sim/telemetry", "twin/drift",
        "twin/forecast", "twin/registry"}},
      {"twin/gate",
       {"agents/baselines", "agents/evaluation", "agents/program",
        "calibration/fit", "calibration/traces", "sim/base", "sim/config",
        "sim/results", "sim/scenario", "sim/stats", "sim/telemetry",
        "twin/drift", "twin/forecast", "twin/pipeline", "twin/registry",
        "twin/worker"}},
      {"twin/report",
       {"calibration/fit", "sim/base", "sim/results", "sim/scenario",
        "sim/stats", "sim/telemetry", "sim/topology", "twin/forecast"}},
      {"twin/cli",
       {"agents/baselines",
        "agents/env",
        "agents/learn",
        "calibration/fit",
        "calibration/settings",
        "calibration/surrogate",
        "calibration/traces",
        "sim/base",
        "sim/engine",
        "sim/results",
        "sim/scenario",
        "sim/surrogate",
        "sim/telemetry",
        "sim/topology",
        "twin/contention",
        "twin/drift",
        "twin/forecast",
        "twin/gate",
        "twin/node",
        "twin/pipeline",
        "twin/registry",
        "twin/report",
        "twin/worker"}},
  };
  return edges;
}

// A library, by how its headers are included, and the one folder that does.
struct Home {
  std::regex header;
  std::string folder;
};

const std::vector<Home>& Homes() {
  static const std::vector<Home> homes = {
      {std::regex("yaml-cpp/.*"), "sim/config"},
      {std::regex("boost/graph/.*"), "sim/topology"},
      {std::regex("ns3/.*"), "sim/packet"},
      {std::regex("hdf5.*"), "sim/results"},
      {std::regex("xgboost/.*"), "twin/pipeline"},
      {std::regex("(torch|ATen|c10)/.*"), "agents/learn"},
      {std::regex("CLI/.*"), "twin/cli"},
      {std::regex("httplib.*"), "twin/node"},
      {std::regex("sodium.*"), "sim/base"},
      {std::regex("sqlite3.*"), "twin/registry"},
      {std::regex("Random123/.*"), "sim/base"},
      {std::regex("boost/iostreams/.*"), "calibration/traces"},
      {std::regex("pcap/.*"), "calibration/traces"},
      {std::regex("boost/math/.*"), "sim/stats"},
      {std::regex("boost/random/.*"), "sim/optimisation"},
  };
  return homes;
}

struct Include {
  std::string file;  // relative to the root
  std::string header;
  bool quoted;
};

std::vector<Include> IncludesBelow(const std::string& top) {
  static const std::regex line_form(R"(^\s*#\s*include\s+(["<])([^">]+)[">])");
  const fs::path root = AIRLOCK_SOURCE_DIR;
  std::vector<Include> includes;
  for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".h" && extension != ".cc") continue;
    std::ifstream file(entry.path());
    std::smatch match;
    for (std::string line; std::getline(file, line);) {
      if (!std::regex_search(line, match, line_form)) continue;
      includes.push_back({fs::relative(entry.path(), root).string(), match[2],
                          match[1] == "\""});
    }
  }
  return includes;
}

std::vector<Include> AllIncludes() {
  std::vector<Include> all;
  for (const char* top : {"sim", "calibration", "agents", "twin"}) {
    for (Include& include : IncludesBelow(top)) all.push_back(include);
  }
  return all;
}

// "sim/base" of "sim/base/units.h"
std::string FolderOf(const std::string& path) {
  return path.substr(0, path.find('/', path.find('/') + 1));
}

// The row of the drawing that a file belongs to: its own, or its folder's.
std::string RowOf(const std::string& file) {
  return AllowedEdges().count(file) > 0 ? file : FolderOf(file);
}

TEST(IncludeDirectionsTest, EveryEdgeIsInTheDrawing) {
  const std::vector<Include> all = AllIncludes();
  ASSERT_GT(all.size(), 100u);
  for (const Include& include : all) {
    if (!include.quoted) continue;
    const std::string from = RowOf(include.file);
    const std::string to = FolderOf(include.header);
    if (from == to) continue;
    const auto allowed = AllowedEdges().find(from);
    ASSERT_NE(allowed, AllowedEdges().end())
        << include.file << ": the folder is not in the drawing";
    EXPECT_TRUE(allowed->second.count(to) > 0)
        << include.file << " includes " << include.header;
  }
}

TEST(IncludeDirectionsTest, EveryDrawnEdgeIsThere) {
  std::map<std::string, std::set<std::string>> there;
  for (const Include& include : AllIncludes()) {
    if (!include.quoted) continue;
    there[RowOf(include.file)].insert(FolderOf(include.header));
  }
  for (const auto& [from, folders] : AllowedEdges()) {
    for (const std::string& to : folders) {
      EXPECT_TRUE(there[from].count(to) > 0) << from << " does not use " << to;
    }
  }
}

TEST(IncludeDirectionsTest, ALibraryHasOneHome) {
  for (const Include& include : AllIncludes()) {
    for (const Home& home : Homes()) {
      if (!std::regex_match(include.header, home.header)) continue;
      EXPECT_EQ(FolderOf(include.file), home.folder)
          << include.file << " includes " << include.header;
    }
  }
}

TEST(IncludeDirectionsTest, LibrariesDoNotLeakThroughHeaders) {
  const std::map<std::string, std::string> owner = {
      {"ns3::", "sim/packet"},
      {"YAML::", "sim/config"},
      {"hid_t", "sim/results"},
      {"torch::", "agents/learn"},
      {"at::Tensor", "agents/learn"}};
  const fs::path root = AIRLOCK_SOURCE_DIR;
  for (const char* top : {"sim", "calibration", "agents", "twin"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      if (entry.path().extension() != ".h") continue;
      const std::string file = fs::relative(entry.path(), root).string();
      std::ifstream stream(entry.path());
      const std::string text((std::istreambuf_iterator<char>(stream)),
                             std::istreambuf_iterator<char>());
      for (const auto& [word, folder] : owner) {
        if (FolderOf(file) == folder) continue;
        EXPECT_EQ(text.find(word), std::string::npos) << file << ": " << word;
      }
    }
  }
}

}  // namespace
}  // namespace airlock
