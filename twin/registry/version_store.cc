#include "twin/registry/version_store.h"

#include <filesystem>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "twin/registry/immutable_folder.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char kDescription[] = "version.json";

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
  WriteFileAtomically(to, content);
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
  MakeImmutableFolder(
      folder_, digest.substr(0, 16), [&](const std::string& half_done) {
        for (const ModelFile& file : files) {
          CopyChecked(source + "/" + file.path,
                      half_done + "/files/" + file.path, file.sha256);
        }
        WriteFileAtomically(half_done + "/" + kDescription,
                            Describe(name, digest, files));
      });
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
        "{}: changed since it was stored: its SHA-256 is {}, not {}", full, now,
        file.sha256));
  }
  return version;
}

void VersionStore::Clean() const { RemoveHalfDoneFolders(folder_); }

}  // namespace airlock
