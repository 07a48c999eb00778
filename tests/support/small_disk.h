#pragma once

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace airlock::testing {

// Mounts 128 KiB of memory on `folder`, seen by this process only (call it in a
// forked child). Empty, or "skip: " and why it cannot be done here.
inline std::string MountSmallDisk(const std::string& folder) {
  if (unshare(CLONE_NEWNS) != 0 ||
      mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("airlock-test", folder.c_str(), "tmpfs", 0, "size=128k") != 0) {
    return std::string("skip: cannot mount a small disk: ") +
           std::strerror(errno);
  }
  return "";
}

}  // namespace airlock::testing
