#pragma once

#include <string>

namespace airlock {

// The right to change a registry: an exclusive flock on its file `lock`, held
// as long as this lives and given back by the system if the process dies.
// Private to twin/registry.
class FolderLock {
 public:
  // Waits up to `wait_seconds` for another holder; then throws Error (kFailed)
  // that says so. Creates the file if needed.
  FolderLock(const std::string& folder, double wait_seconds);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_ = -1;
};

// Makes a rename or a new file in `folder` outlive a loss of power. Throws
// Error.
void SyncFolder(const std::string& folder);

}  // namespace airlock
