#include "twin/gate/replay.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "twin/gate/cost.h"
#include "twin/registry/verdict.h"

namespace airlock {
namespace {

using nlohmann::json;

json ReadSummary(const std::string& folder) {
  const std::string path = folder + "/summary.json";
  json summary = ReadJsonFile(path);
  if (!summary.is_object() || summary.value("filetype", "") != "gate-verdict") {
    throw InputError(path + ": not a gate's verdict");
  }
  if (summary.value("digest", "") != VerdictDigest(summary)) {
    throw InputError(path + ": was changed since the gate wrote it");
  }
  return summary;
}

// Every input is as it was; returns the gate file's path.
std::string CheckInputs(const json& summary, const std::string& folder) {
  std::string gate;
  for (const json& input : summary.at("inputs")) {
    const std::string path = input.at("path");
    const std::string what = input.at("what");
    std::string now;
    try {
      now = Sha256OfFile(path);
    } catch (const Error& error) {
      throw InputError(fmt::format(
          "{}: the {} of the gate in {} cannot be read (as seen from the "
          "current folder): {}",
          path, what, folder, error.what()));
    }
    if (now != input.at("sha256")) {
      throw InputError(
          fmt::format("{}: the {} is another one than the gate in "
                      "{} judged",
                      path, what, folder));
    }
    // The first: the others are what it extends.
    if (what == "gate" && gate.empty()) gate = path;
  }
  return gate;
}

// The first place in which two texts of JSON differ.
std::string FirstDifference(const json& before, const json& after) {
  const json a = before.flatten();
  const json b = after.flatten();
  for (const auto& [key, value] : a.items()) {
    if (key == "/digest") continue;
    const auto found = b.find(key);
    if (found == b.end()) return fmt::format("{}: is not there now", key);
    if (*found != value) {
      return fmt::format("{}: {} before, {} now", key, value.dump(),
                         found->dump());
    }
  }
  for (const auto& [key, value] : b.items()) {
    if (a.find(key) == a.end()) {
      return fmt::format("{}: was not there before", key);
    }
  }
  return "the text is another, its values are the same";
}

}  // namespace

ReplayResult ReplayGate(const std::string& folder, const std::string& scratch,
                        GateOptions options) {
  const json before = ReadSummary(folder);
  std::string gate_path;
  try {
    gate_path = CheckInputs(before, folder);
  } catch (const json::exception& error) {
    throw InputError(
        fmt::format("{}/summary.json: {}", folder, CauseOf(error)));
  }
  Diagnostics diagnostics;
  const std::optional<GateFile> file =
      LoadGateFile(folder + "/gate.resolved.yaml", {}, &diagnostics);
  if (!file) throw InputError(diagnostics.Format());
  options.repeat = folder;
  ReplayResult result;
  result.verdict = RunGate(*file, gate_path, scratch, options);
  const std::string text = ReadFile(scratch + "/summary.json");
  result.same = text == ReadFile(folder + "/summary.json");
  if (!result.same) {
    result.difference = FirstDifference(before, json::parse(text));
  }
  return result;
}

}  // namespace airlock
