#pragma once

#include <string>
#include <vector>

#include "twin/registry/verdict.h"

namespace airlock {

// A model in a registry: an immutable folder of files.
struct ModelVersion {
  std::string name;    // the candidate's, in the gate file
  std::string digest;  // ModelDigest of `files`
  std::string folder;  // where the files are
  std::vector<ModelFile> files;
};

// The folder `versions` of a registry: one folder a model, named after the
// first 16 digits of its digest. Private to twin/registry; Store and Clean need
// the registry's lock.
class VersionStore {
 public:
  explicit VersionStore(const std::string& registry_folder);

  // Copies the model's files from `source`, checks the copies against their
  // digests, syncs and renames them into place in one step. A version that is
  // there already is checked instead. Throws Error; then nothing is left.
  ModelVersion Store(const std::string& name,
                     const std::vector<ModelFile>& files,
                     const std::string& source) const;

  // The version, every file checked. Throws InputError naming the file that is
  // missing or changed.
  ModelVersion Load(const std::string& digest) const;

  // Removes what killed programs left half-done.
  void Clean() const;

 private:
  std::string FolderOf(const std::string& digest) const;

  std::string folder_;
};

}  // namespace airlock
