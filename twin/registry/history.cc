#include "twin/registry/history.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kVersionMajor = 2;

std::string ToText(const HistoryEntry& entry) {
  json keys = json::array();
  for (const PublicKey& key : entry.keys) {
    keys.push_back({{"id", key.id()}, {"pem", key.pem()}});
  }
  return json{{"filetype", "registry-history"},
              {"version", {kVersionMajor, 0}},
              {"number", entry.number},
              {"action", entry.action},
              {"who", entry.who},
              {"when", entry.when},
              {"why", entry.why},
              {"model_name", entry.model_name},
              {"model_digest", entry.model_digest},
              {"receipt_digest", entry.receipt_digest},
              {"verdict_digest", entry.verdict_digest},
              {"pause", ToString(entry.pause)},
              {"keys", keys},
              {"previous_hash", entry.previous_hash}}
             .dump(2, ' ', false, json::error_handler_t::replace) +
         "\n";
}

HistoryEntry FromFile(const std::string& path) {
  const std::string text = ReadFile(path);
  HistoryEntry entry;
  try {
    const json object = json::parse(text);
    object.at("number").get_to(entry.number);
    object.at("action").get_to(entry.action);
    object.at("who").get_to(entry.who);
    object.at("when").get_to(entry.when);
    object.at("why").get_to(entry.why);
    object.at("model_name").get_to(entry.model_name);
    object.at("model_digest").get_to(entry.model_digest);
    object.at("receipt_digest").get_to(entry.receipt_digest);
    object.at("verdict_digest").get_to(entry.verdict_digest);
    entry.pause = PauseOf(object.at("pause").get<std::string>());
    for (const json& key : object.at("keys")) {
      entry.keys.push_back(
          PublicKey::FromPem(key.at("pem").get<std::string>(), "a key"));
    }
    object.at("previous_hash").get_to(entry.previous_hash);
  } catch (const json::exception& error) {
    throw InputError(fmt::format("{}: {}", path, CauseOf(error)));
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", path, error.what()));
  }
  entry.hash = Sha256(text);
  return entry;
}

}  // namespace

HistoryStore::HistoryStore(const std::string& registry_folder)
    : folder_(registry_folder + "/history") {}

std::string HistoryStore::PathOf(int64_t number) const {
  return fmt::format("{}/{:06}.json", folder_, number);
}

void HistoryStore::Write(HistoryEntry* entry) const {
  const std::string text = ToText(*entry);
  WriteFileAtomically(PathOf(entry->number), text);
  entry->hash = Sha256(text);
}

std::vector<HistoryEntry> HistoryStore::Read(int64_t count,
                                             const std::string& tail) const {
  std::vector<HistoryEntry> entries;
  std::string hash;
  for (int64_t number = 1; number <= count; ++number) {
    const std::string path = PathOf(number);
    HistoryEntry entry = FromFile(path);
    if (entry.number != number || entry.previous_hash != hash) {
      throw InputError(fmt::format(
          "{}: does not follow the entry before it; the history was changed",
          path));
    }
    hash = entry.hash;
    entries.push_back(std::move(entry));
  }
  if (hash != tail) {
    throw InputError(fmt::format(
        "{}: is not the last entry that state.json states; one of the two was "
        "changed",
        count > 0 ? PathOf(count) : folder_));
  }
  return entries;
}

void HistoryStore::Clean(int64_t count) const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    const std::string name = entry.path().filename().string();
    const bool half_done = name.rfind('.', 0) == 0;
    const bool uncommitted = name.size() > 5 &&
                             name.substr(name.size() - 5) == ".json" &&
                             std::strtoll(name.c_str(), nullptr, 10) > count;
    if (half_done || uncommitted) fs::remove(entry.path(), ignored);
  }
}

}  // namespace airlock
