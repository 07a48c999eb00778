#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "calibration/traces/importer.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace airlock::testing {

// Writes `text` without waiting for the disk, which would cost most of a test's
// time; ext4 also waits when an existing file is truncated, so it goes first.
inline void WriteText(const std::string& path, const std::string& text) {
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

// Imports `text` as a file `name` in a folder of its own.
inline Trace ImportText(const std::string& format, const std::string& text,
                        const std::string& name = "trace.csv") {
  const TemporaryFolder folder;
  WriteText(folder / name, text);
  return ImportTrace(format, folder / name);
}

// The message of the InputError that importing `name` of `folder` ends with,
// without the folder; fails the test if there is none.
inline std::string ImportFailureIn(const TemporaryFolder& folder,
                                   const std::string& format,
                                   const std::string& name) {
  std::string message = ErrorOf([&] { ImportTrace(format, folder / name); });
  for (size_t at;
       (at = message.find(folder.path() + "/")) != std::string::npos;) {
    message.erase(at, folder.path().size() + 1);
  }
  return message;
}

// The same for a file with this text.
inline std::string ImportFailure(const std::string& format,
                                 const std::string& text,
                                 const std::string& name = "trace.csv") {
  const TemporaryFolder folder;
  WriteText(folder / name, text);
  return ImportFailureIn(folder, format, name);
}

}  // namespace airlock::testing
