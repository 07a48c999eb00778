#include "twin/registry/immutable_folder.h"

#include <fmt/format.h>

#include <filesystem>

#include "sim/base/error.h"
#include "twin/registry/folder_lock.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

constexpr char kHalfDone[] = ".new-";

[[noreturn]] void Fail(const char* action, const std::string& path,
                       const std::error_code& error) {
  throw Error(fmt::format("cannot {} {}: {}", action, path, error.message()));
}

// Syncs `folder` and every folder in it; its files are synced by who wrote
// them.
void SyncTree(const std::string& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_directory()) SyncFolder(entry.path().string());
  }
  SyncFolder(folder);
}

}  // namespace

void MakeImmutableFolder(const std::string& parent, const std::string& name,
                         const std::function<void(const std::string&)>& fill) {
  const std::string half_done = parent + "/" + kHalfDone + name;
  const std::string final_folder = parent + "/" + name;
  std::error_code ignored;
  fs::remove_all(half_done, ignored);
  try {
    std::error_code error;
    fs::create_directories(half_done, error);
    if (error) Fail("create", half_done, error);
    fill(half_done);
    SyncTree(half_done);
    fs::rename(half_done, final_folder, error);
    if (error) Fail("rename to", final_folder, error);
    SyncFolder(parent);
  } catch (...) {
    fs::remove_all(half_done, ignored);
    throw;
  }
}

void RemoveHalfDoneFolders(const std::string& parent) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(parent, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(kHalfDone, 0) == 0) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace airlock
