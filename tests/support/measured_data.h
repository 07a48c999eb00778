#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace airlock::testing {

// The path of measured data by others that the project does not ship:
// `relative` below $AIRLOCK_DATA, or else below ../shared/data beside the
// source tree. Empty if it is in neither.
inline std::string FindMeasured(const std::string& relative) {
  namespace fs = std::filesystem;
  const char* const variable = std::getenv("AIRLOCK_DATA");
  const fs::path folder = variable != nullptr && *variable != '\0'
                              ? fs::path(variable)
                              : fs::path(AIRLOCK_SOURCE_DIR) / "../shared/data";
  std::error_code ignored;
  const fs::path path = folder / relative;
  return fs::exists(path, ignored) ? path.string() : "";
}

}  // namespace airlock::testing

// Declares `variable` with the path of measured data, or skips the test with
// the reason.
#define AIRLOCK_MEASURED_OR_SKIP(variable, relative)                       \
  const std::string variable = ::airlock::testing::FindMeasured(relative); \
  if (variable.empty()) {                                                  \
    GTEST_SKIP() << "no measured data '" << (relative)                     \
                 << "': set AIRLOCK_DATA to the folder that has it";       \
  }
