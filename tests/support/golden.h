#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "sim/base/file.h"

namespace airlock::testing {

// Compares `text` with the file tests/golden/`name`;
// AIRLOCK_UPDATE_GOLDEN=1 rewrites the file instead.
inline void ExpectGolden(const std::string& text, const std::string& name) {
  const std::string path =
      std::string(AIRLOCK_SOURCE_DIR) + "/tests/golden/" + name;
  const char* const update = std::getenv("AIRLOCK_UPDATE_GOLDEN");
  if (update != nullptr && std::string(update) == "1") {
    WriteFileAtomically(path, text);
    return;
  }
  EXPECT_EQ(text, ReadFile(path))
      << "differs from " << path
      << "; if that is meant, run with AIRLOCK_UPDATE_GOLDEN=1";
}

}  // namespace airlock::testing
