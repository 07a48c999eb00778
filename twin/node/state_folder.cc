#include "twin/node/state_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr const char* kFileType = "airlock node state";
constexpr int kMajor = 1;
constexpr int kMinor = 0;

}  // namespace

StateFolder::StateFolder(const std::string& path) : path_(path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    throw Error(fmt::format("cannot create {}: {}", path, error.message()));
  }
  lock_ = open((path + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) {
    throw Error(
        fmt::format("cannot write in {}: {}", path, std::strerror(errno)));
  }
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    close(lock_);
    throw Error(fmt::format(
        "{}: another node has this state folder: each needs its own", path));
  }
}

StateFolder::~StateFolder() {
  if (decisions_ >= 0) close(decisions_);
  close(lock_);
}

std::optional<json> StateFolder::Load() const {
  const std::string path = path_ + "/node.json";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  const std::string text = ReadFile(path);
  try {
    const json file = json::parse(text);
    if (file.at("filetype").get<std::string>() != kFileType ||
        file.at("version").at(0).get<int>() != kMajor) {
      throw InputError(
          fmt::format("{}: not the state of a node of this version", path));
    }
    const json& body = file.at("body");
    if (Sha256(body.dump()) != file.at("digest").get<std::string>()) {
      throw InputError(
          fmt::format("{}: corrupt: its digest does not match", path));
    }
    return body;
  } catch (const json::exception& error) {
    throw InputError(fmt::format("{}: {}", path, CauseOf(error)));
  }
}

std::string StateFolder::NextStem() const {
  return fmt::format("trigger-{}", (saves_ + 1) % 2 == 0 ? "a" : "b");
}

void StateFolder::Save(const json& body) {
  const json file = {{"filetype", kFileType},
                     {"version", {kMajor, kMinor}},
                     {"digest", Sha256(body.dump())},
                     {"body", body}};
  WriteFileAtomically(path_ + "/node.json", file.dump() + "\n");
  ++saves_;
}

void StateFolder::OpenDecisions(int64_t bytes, const std::string& header) {
  const std::string path = path_ + "/decisions.csv";
  decisions_ =
      open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (decisions_ >= 0 && bytes < 0) bytes = lseek(decisions_, 0, SEEK_END);
  if (decisions_ < 0 || ftruncate(decisions_, bytes) != 0) {
    throw Error(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  }
  decision_bytes_ = bytes;
  if (bytes == 0) AddDecision(header);
}

void StateFolder::AddDecision(const std::string& line) {
  if (decisions_ < 0) return;
  for (size_t done = 0; done < line.size();) {
    const ssize_t n = write(decisions_, line.data() + done, line.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      throw Error(fmt::format("cannot write {}/decisions.csv: {}", path_,
                              std::strerror(errno)));
    }
    done += static_cast<size_t>(n);
  }
  decision_bytes_ += static_cast<int64_t>(line.size());
}

}  // namespace airlock
