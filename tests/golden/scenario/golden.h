#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "sim/base/file.h"

namespace airlock {

// Expects `actual` to be the content of `path`; with AIRLOCK_UPDATE_GOLDEN=1
// writes it there instead.
inline void ExpectGolden(const std::string& path, const std::string& actual) {
  if (std::getenv("AIRLOCK_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(
        std::filesystem::path(path).parent_path());
    WriteFileAtomically(path, actual);
    return;
  }
  ASSERT_TRUE(std::filesystem::exists(path))
      << path << " is missing; AIRLOCK_UPDATE_GOLDEN=1 writes it";
  EXPECT_EQ(ReadFile(path), actual) << "differs from " << path;
}

// `text` with every `from` replaced by `to`.
inline std::string Replaced(std::string text, const std::string& from,
                            const std::string& to) {
  size_t at = 0;
  while ((at = text.find(from, at)) != std::string::npos) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
}

}  // namespace airlock
