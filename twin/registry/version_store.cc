#include "twin/registry/version_store.h"

#include <filesystem>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "twin/registry/folder_lock.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char kDescription[] = "version.json";
constexpr char kHalfDone[] = ".new-";

[[noreturn]] void Fail(const std::string& action, const std::string& path,
                       const std::error_code& error) {
  throw Error(fmt::format("cannot {} {}: {}", action, path, error.message()));
}

void CreateFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) Fail("create", path, error);
}

std::string Describe(const std::string& name, const std::string& digest,
                     const std::vector<ModelFile>& files) {
  json list = json::array();
  for (const ModelFile& file : files) {
    list.push_back({{"path", file.path}, {"sha256", file.sha256}});
  }
  return json{{"filetype", "model-version"},
              {"version", {1, 0}},
              {"name", name},
              {"digest", digest},
              {"files", list}}
             .dump(2) +
         "\n";
}

// Copies one file and checks what arrived: the source may change meanwhile.
void CopyChecked(const std::string& from, const std::string& to,
                 const std::string& sha256) {
  const std::string content = ReadFile(from);
  if (Sha256(content) != sha256) {
    throw InputError(fmt::format("{}: changed since the gate judged it", from));
  }
  CreateFolder(fs::path(to).parent_path().string());
  WriteFileAtomically(to, content);
}

// Syncs `folder` and every folder in it.
void SyncTree(const std::string& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_directory()) SyncFolder(entry.path().string());
  }
  SyncFolder(folder);
}

}  // namespace

VersionStore::VersionStore(const std::string& registry_folder)
    : folder_(registry_folder + "/versions") {}

std::string VersionStore::FolderOf(const std::string& digest) const {
  return folder_ + "/" + digest.substr(0, 16);
}

ModelVersion VersionStore::Store(const std::string& name,
                                 const std::vector<ModelFile>& files,
                                 const std::string& source) const {
  const std::string digest = ModelDigest(files);
  const std::string final_folder = FolderOf(digest);
  if (fs::exists(final_folder)) return Load(digest);
  const std::string half_done =
      folder_ + "/" + kHalfDone + digest.substr(0, 16);
  std::error_code ignored;
  fs::remove_all(half_done, ignored);
  try {
    CreateFolder(half_done);
    for (const ModelFile& file : files) {
      CopyChecked(source + "/" + file.path, half_done + "/files/" + file.path,
                  file.sha256);
    }
    WriteFileAtomically(half_done + "/" + kDescription,
                        Describe(name, digest, files));
    SyncTree(half_done);
    std::error_code error;
    fs::rename(half_done, final_folder, error);
    if (error) Fail("rename to", final_folder, error);
    SyncFolder(folder_);
  } catch (...) {
    fs::remove_all(half_done, ignored);
    throw;
  }
  return Load(digest);
}

ModelVersion VersionStore::Load(const std::string& digest) const {
  const std::string folder = FolderOf(digest);
  const std::string path = folder + "/" + kDescription;
  const json description = ReadJsonFile(path);
  ModelVersion version;
  try {
    version.name = description.at("name").get<std::string>();
    version.digest = description.at("digest").get<std::string>();
    for (const json& row : description.at("files")) {
      version.files.push_back({row.at("path").get<std::string>(),
                               row.at("sha256").get<std::string>()});
    }
  } catch (const json::exception& error) {
    throw InputError(fmt::format("{}: {}", path, CauseOf(error)));
  }
  version.folder = folder + "/files";
  if (version.digest != digest || ModelDigest(version.files) != digest) {
    throw InputError(
        fmt::format("{}: does not describe the model {}", path, digest));
  }
  for (const ModelFile& file : version.files) {
    const std::string full = version.folder + "/" + file.path;
    const std::string now = Sha256OfFile(full);
    if (now == file.sha256) continue;
    throw InputError(fmt::format(
        "{}: changed since it was promoted: its SHA-256 is {}, not {}", full,
        now, file.sha256));
  }
  return version;
}

void VersionStore::Clean() const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(kHalfDone, 0) == 0) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace airlock
