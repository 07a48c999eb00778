#include "sim/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "sim/base/error.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const char* action, const std::string& path) {
  throw Error(
      fmt::format("cannot {} {}: {}", action, path, std::strerror(errno)));
}

[[noreturn]] void FailToRead(const std::string& path) {
  throw InputError(
      fmt::format("cannot read {}: {}", path, std::strerror(errno)));
}

std::string ParentOf(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// Unique among live processes; a leftover of a killed process is overwritten.
std::string TemporaryName(const std::string& path) {
  const fs::path whole(path);
  return (whole.parent_path() /
          fmt::format(".{}.tmp-{}", whole.filename().string(), getpid()))
      .string();
}

void CreateParentOf(const std::string& path) {
  std::error_code error;
  fs::create_directories(ParentOf(path), error);
  if (error) {
    throw Error(
        fmt::format("cannot create {}: {}", ParentOf(path), error.message()));
  }
}

void Sync(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) Fail("open", path);
  const int result = fsync(fd);
  close(fd);
  if (result != 0) Fail("sync", path);
}

}  // namespace

std::string ReadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) FailToRead(path);
  std::string text;
  char buffer[1 << 16];
  while (true) {
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count == 0) break;
    if (count < 0) {
      if (errno == EINTR) continue;
      const int reason = errno;
      close(fd);
      errno = reason;
      FailToRead(path);
    }
    text.append(buffer, static_cast<size_t>(count));
  }
  close(fd);
  return text;
}

void WriteAtomically(const std::string& path,
                     const std::function<void(const std::string&)>& write) {
  std::error_code ignored;
  if (fs::exists(path, ignored) && !fs::is_regular_file(path, ignored)) {
    throw Error(fmt::format("cannot write {}: not a plain file", path));
  }
  CreateParentOf(path);
  const std::string temporary = TemporaryName(path);
  try {
    write(temporary);
    Sync(temporary, O_RDONLY);
    if (std::rename(temporary.c_str(), path.c_str()) != 0)
      Fail("rename to", path);
    Sync(ParentOf(path), O_RDONLY | O_DIRECTORY);
  } catch (...) {
    fs::remove(temporary, ignored);
    throw;
  }
}

void WriteFileAtomically(const std::string& path, const std::string& text) {
  WriteAtomically(path, [&](const std::string& temporary) {
    std::FILE* file = std::fopen(temporary.c_str(), "wbe");
    if (file == nullptr) Fail("write", path);
    const size_t written = std::fwrite(text.data(), 1, text.size(), file);
    const bool flushed = std::fclose(file) == 0;
    if (written != text.size() || !flushed) Fail("write", path);
  });
}

void CreateFileAtomically(const std::string& path, const std::string& text,
                          unsigned mode) {
  const mode_t old_mask = umask(077);
  std::error_code error;
  fs::create_directories(ParentOf(path), error);
  umask(old_mask);
  if (error) {
    throw Error(
        fmt::format("cannot create {}: {}", ParentOf(path), error.message()));
  }
  const std::string temporary = TemporaryName(path);
  RemoveFile(temporary);
  try {
    const int fd =
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) Fail("write", path);
    const bool good = write(fd, text.data(), text.size()) ==
                          static_cast<ssize_t>(text.size()) &&
                      fchmod(fd, mode) == 0 && fsync(fd) == 0;
    const int reason = errno;
    close(fd);
    errno = reason;
    if (!good) Fail("write", path);
    if (renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(),
                  RENAME_NOREPLACE) != 0) {
      if (errno == EEXIST) {
        throw InputError(fmt::format("{} exists; it is not overwritten", path));
      }
      Fail("write", path);
    }
    Sync(ParentOf(path), O_RDONLY | O_DIRECTORY);
  } catch (...) {
    RemoveFile(temporary);
    throw;
  }
}

void RemoveFile(const std::string& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

OutputFolder::OutputFolder(const std::string& final_path, bool overwrite)
    : final_path_(final_path), overwrite_(overwrite) {
  while (final_path_.size() > 1 && final_path_.back() == '/') {
    final_path_.pop_back();
  }
  if (final_path_.empty()) throw InputError("the folder to write has no name");
  std::error_code error;
  if (fs::exists(final_path_, error)) {
    if (!overwrite_) {
      throw InputError(fmt::format(
          "{} exists; choose another folder or pass --overwrite", final_path_));
    }
    if (!fs::exists(final_path_ + "/summary.json", error)) {
      throw InputError(fmt::format(
          "{} is not a folder that Airlock wrote (it has no summary.json); it "
          "is not replaced",
          final_path_));
    }
  }
  CreateParentOf(final_path_);
  temporary_path_ = TemporaryName(final_path_);
  fs::remove_all(temporary_path_, error);
  if (!fs::create_directory(temporary_path_, error)) {
    throw Error(
        fmt::format("cannot create {}: {}", temporary_path_, error.message()));
  }
}

OutputFolder::~OutputFolder() {
  if (committed_) return;
  std::error_code ignored;
  fs::remove_all(temporary_path_, ignored);
}

void OutputFolder::Commit() {
  for (const auto& entry : fs::directory_iterator(temporary_path_)) {
    if (entry.is_regular_file()) Sync(entry.path().string(), O_RDONLY);
  }
  Sync(temporary_path_, O_RDONLY | O_DIRECTORY);
  const bool replace = overwrite_ && fs::exists(final_path_);
  if (replace) {
    // Exchange the two folders in one step, then drop the old one.
    if (renameat2(AT_FDCWD, temporary_path_.c_str(), AT_FDCWD,
                  final_path_.c_str(), RENAME_EXCHANGE) != 0) {
      Fail("replace", final_path_);
    }
    std::error_code ignored;
    fs::remove_all(temporary_path_, ignored);
  } else if (renameat2(AT_FDCWD, temporary_path_.c_str(), AT_FDCWD,
                       final_path_.c_str(), RENAME_NOREPLACE) != 0) {
    Fail("rename to", final_path_);
  }
  committed_ = true;
  Sync(ParentOf(final_path_), O_RDONLY | O_DIRECTORY);
}

}  // namespace airlock
