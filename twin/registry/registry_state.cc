#include "twin/registry/registry_state.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kVersionMajor = 2;

std::string PathIn(const std::string& folder) { return folder + "/state.json"; }

json ToJson(const AliasTarget& target) {
  if (target.empty()) return nullptr;
  return {{"model", target.model}, {"receipt", target.receipt}};
}

AliasTarget TargetIn(const json& value) {
  if (value.is_null()) return {};
  AliasTarget target{value.at("model").get<std::string>(),
                     value.at("receipt").get<std::string>()};
  if (target.empty()) throw InputError("an alias names no model");
  return target;
}

void CheckVersion(const json& object) {
  if (object.at("filetype") != "registry-state") {
    throw InputError("not a registry's state");
  }
  const auto version = object.at("version").get<std::vector<int64_t>>();
  if (version.size() != 2) throw InputError("'version' is not two numbers");
  if (version[0] > kVersionMajor) {
    throw InputError(
        fmt::format("written by a newer Airlock: this program reads "
                    "registry-state {}.x",
                    kVersionMajor));
  }
  if (version[0] < kVersionMajor) {
    throw InputError(
        "written by an older Airlock, whose registries have no receipts; make "
        "a new registry and promote into it");
  }
}

// Throws json::exception, or InputError without the file's name.
RegistryState Parse(const std::string& text) {
  const json object = json::parse(text);
  CheckVersion(object);
  RegistryState state;
  object.at("sequence").get_to(state.sequence);
  object.at("history_tail").get_to(state.history_tail);
  state.champion = TargetIn(object.at("champion"));
  state.previous = TargetIn(object.at("previous"));
  state.candidate = TargetIn(object.at("candidate"));
  state.pause = PauseOf(object.at("pause").get<std::string>());
  for (const json& key : object.at("trusted_keys")) {
    state.trusted.push_back(
        PublicKey::FromPem(key.at("pem").get<std::string>(), "a trusted key"));
    if (state.trusted.back().id() != key.at("id").get<std::string>()) {
      throw InputError("a trusted key has another id than it states");
    }
  }
  if (state.sequence < 0) throw InputError("'sequence' is negative");
  return state;
}

RegistryState ParseFile(const std::string& text, const std::string& path) {
  try {
    return Parse(text);
  } catch (const json::exception& error) {
    throw InputError(fmt::format("{}: {}", path, CauseOf(error)));
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", path, error.what()));
  }
}

std::string TextIn(const std::string& folder) {
  if (!fs::exists(PathIn(folder))) {
    throw InputError(
        fmt::format("{}: not a registry: it has no state.json", folder));
  }
  return ReadFile(PathIn(folder));
}

}  // namespace

const char* ToString(Pause pause) {
  switch (pause) {
    case Pause::kKeep:
      return "keep";
    case Pause::kFallback:
      return "fallback";
    case Pause::kNo:
      break;
  }
  return "no";
}

Pause PauseOf(const std::string& text) {
  for (const Pause pause : {Pause::kNo, Pause::kKeep, Pause::kFallback}) {
    if (text == ToString(pause)) return pause;
  }
  throw InputError(
      fmt::format("pause is '{}', not no, keep or fallback", text));
}

bool operator==(const RegistryState& a, const RegistryState& b) {
  return a.sequence == b.sequence && a.history_tail == b.history_tail &&
         a.champion == b.champion && a.previous == b.previous &&
         a.candidate == b.candidate && a.pause == b.pause &&
         a.trusted == b.trusted;
}

RegistryState ReadRegistryState(const std::string& folder) {
  return ParseFile(TextIn(folder), PathIn(folder));
}

void WriteRegistryState(const RegistryState& state, const std::string& folder) {
  json keys = json::array();
  for (const PublicKey& key : state.trusted) {
    keys.push_back({{"id", key.id()}, {"pem", key.pem()}});
  }
  WriteFileAtomically(PathIn(folder),
                      json{{"filetype", "registry-state"},
                           {"version", {kVersionMajor, 0}},
                           {"sequence", state.sequence},
                           {"history_tail", state.history_tail},
                           {"champion", ToJson(state.champion)},
                           {"previous", ToJson(state.previous)},
                           {"candidate", ToJson(state.candidate)},
                           {"pause", ToString(state.pause)},
                           {"trusted_keys", keys}}
                              .dump(2) +
                          "\n");
}

std::optional<RegistryState> RegistryWatch::Poll() {
  struct stat now {};
  const bool there = stat(PathIn(folder_).c_str(), &now) == 0;
  const bool same = there && seen_any_ && now.st_ino == seen_.st_ino &&
                    now.st_size == seen_.st_size &&
                    now.st_ctim.tv_sec == seen_.st_ctim.tv_sec &&
                    now.st_ctim.tv_nsec == seen_.st_ctim.tv_nsec;
  if (same) return std::nullopt;
  // The file may be replaced between stat and read: then what is read is newer
  // than `seen_`, and the next call reads once more and finds the same text.
  const std::string text = TextIn(folder_);
  RegistryState state = ParseFile(text, PathIn(folder_));
  seen_ = now;
  const bool changed = !seen_any_ || text != seen_text_;
  seen_any_ = true;
  seen_text_ = text;
  if (!changed) return std::nullopt;
  return state;
}

}  // namespace airlock
