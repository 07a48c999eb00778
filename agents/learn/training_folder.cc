#include "agents/learn/training_folder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <filesystem>
#include <utility>
#include <vector>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/version.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char kCheckpointFormat[] = "airlock-checkpoint-2";
constexpr char kCardFormat[] = "airlock-run-card-1";

// "what" of a saved file differs from what is wanted.
[[noreturn]] void Other(const std::string& path, const std::string& what,
                        const std::string& saved, const std::string& wanted) {
  throw InputError(
      fmt::format("{}: a checkpoint of another {}: '{}', not '{}'; it cannot "
                  "be resumed",
                  path, what, saved, wanted));
}

// The first line in which two texts differ.
std::pair<std::string, std::string> FirstDifference(const std::string& a,
                                                    const std::string& b) {
  size_t start = 0;
  for (size_t i = 0; i <= std::max(a.size(), b.size()); ++i) {
    const char x = i < a.size() ? a[i] : '\0', y = i < b.size() ? b[i] : '\0';
    if (x != y) break;
    if (x == '\n') start = i + 1;
  }
  const auto line = [start](const std::string& text) {
    return start < text.size()
               ? text.substr(start, text.find('\n', start) - start)
               : std::string("nothing");
  };
  return {line(a), line(b)};
}

json ToJson(const TrainingIdentity& identity) {
  return {{"task", identity.task},
          {"task_digest", identity.task_digest},
          {"agent", identity.agent},
          {"seed", identity.seed}};
}

}  // namespace

TrainingFolder::TrainingFolder(const std::string& path, bool resume,
                               const TrainingIdentity& identity)
    : path_(path), identity_(identity) {
  if (!resume && fs::exists(path)) {
    throw InputError(fmt::format(
        "{} exists; choose another folder, or pass --resume to go on with it "
        "or --overwrite to replace it",
        path));
  }
  if (resume && !Has("card.json")) {
    throw InputError(fmt::format(
        "{} holds no training to resume (it has no card.json)", path));
  }
}

bool TrainingFolder::Has(const std::string& name) const {
  return fs::exists(File(name));
}

void TrainingFolder::Begin(const json& facts) {
  WriteCard(ExitCode::kFailed, "under way", facts);
  Write("agent.yaml", identity_.agent);
  if (resumed_at_.is_null()) Log("begins");
}

void TrainingFolder::Write(const std::string& name,
                           const std::string& text) const {
  WriteFileAtomically(File(name), text);
}

void TrainingFolder::SaveCheckpoint(const json& state) const {
  const std::vector<uint8_t> bytes =
      json::to_cbor({{"format", kCheckpointFormat},
                     {"identity", ToJson(identity_)},
                     {"state", state}});
  const std::string text(bytes.begin(), bytes.end());
  Write("checkpoint", Sha256(text) + "\n" + text);
}

json TrainingFolder::LoadCheckpoint() const {
  const std::string path = File("checkpoint");
  const std::string text = ReadFile(path);
  constexpr size_t kDigest = 64;
  if (text.size() <= kDigest || text[kDigest] != '\n' ||
      Sha256(text.substr(kDigest + 1)) != text.substr(0, kDigest)) {
    throw InputError(path + ": damaged: its digest does not fit its content");
  }
  try {
    const json file = json::from_cbor(text.substr(kDigest + 1));
    const std::string format = file.at("format");
    if (format != kCheckpointFormat) {
      Other(path, "version", format, kCheckpointFormat);
    }
    const json& saved = file.at("identity");
    const json wanted = ToJson(identity_);
    for (const char* what : {"task", "task_digest", "seed"}) {
      if (saved.at(what) == wanted.at(what)) continue;
      Other(path, what, saved.at(what).dump(), wanted.at(what).dump());
    }
    if (saved.at("agent") != identity_.agent) {
      const auto [was, is] =
          FirstDifference(saved.at("agent"), identity_.agent);
      Other(path, "agent file", was, is);
    }
    return file.at("state");
  } catch (const json::exception& e) {
    throw InputError(fmt::format("{}: {}", path, e.what()));
  }
}

void TrainingFolder::GoesOn(int64_t step) {
  resumed_at_ = step;
  if (Has("log.txt")) log_ = ReadFile(File("log.txt"));
  Log(fmt::format("goes on at step {}", step));
}

const json& TrainingFolder::WriteCard(ExitCode code, const std::string& cause,
                                      const json& facts) {
  const std::chrono::duration<double> wall =
      std::chrono::steady_clock::now() - start_;
  card_ = {
      {"format", kCardFormat},
      {"task", identity_.task},
      {"algorithm", identity_.algorithm},
      {"seed", identity_.seed},
      {"settings", identity_.agent},
      {"digests",
       {{"task", identity_.task_digest},
        {"agent", Sha256(identity_.agent)},
        {"policy", Has("policy.json") ? json(Sha256OfFile(File("policy.json")))
                                      : json()}}},
      {"libraries", {{"airlock", Version() + " (" + GitCommit() + ")"}}},
      {"exit", {{"code", static_cast<int>(code)}, {"cause", cause}}},
      {"runtime",
       {{"wall_seconds", wall.count()},
        {"cpu_seconds", static_cast<double>(std::clock()) / CLOCKS_PER_SEC},
        {"resumed_at", resumed_at_}}}};
  card_.update(facts, true);
  Write("card.json", card_.dump(2) + "\n");
  return card_;
}

void TrainingFolder::Log(const std::string& what) {
  log_ += fmt::format("{:%FT%TZ}  {}\n", fmt::gmtime(std::time(nullptr)), what);
  Write("log.txt", log_);
}

}  // namespace airlock
