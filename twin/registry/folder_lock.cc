#include "twin/registry/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "sim/base/error.h"

namespace airlock {

FolderLock::FolderLock(const std::string& folder, double wait_seconds) {
  const std::string path = folder + "/lock";
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0) {
    throw Error(fmt::format("cannot lock {}: {}", path, std::strerror(errno)));
  }
  const auto deadline = std::chrono::steady_clock::now() +
                        std::chrono::duration<double>(wait_seconds);
  while (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    const bool busy = reason == EWOULDBLOCK || reason == EINTR;
    if (busy && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    close(fd_);
    throw Error(
        busy ? fmt::format("another program is changing the registry "
                           "{}; nothing was changed",
                           folder)
             : fmt::format("cannot lock {}: {}", path, std::strerror(reason)));
  }
}

FolderLock::~FolderLock() { close(fd_); }

void SyncFolder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool good = fd >= 0 && fsync(fd) == 0;
  const int reason = errno;
  if (fd >= 0) close(fd);
  if (good) return;
  throw Error(fmt::format("cannot sync {}: {}", folder, std::strerror(reason)));
}

}  // namespace airlock
