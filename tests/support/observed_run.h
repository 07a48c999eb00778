#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "sim/base/file.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace airlock::testing {

// The run of the scenario file, what its agent observed kept, as folder `out`;
// scenarios of equal text run once.
inline void RunObserved(const std::string& scenario, const std::string& out) {
  static std::map<std::string, std::unique_ptr<TemporaryFolder>> runs;
  auto& run = runs[ReadFile(scenario)];
  if (!run) {
    run = std::make_unique<TemporaryFolder>();
    const ProgramResult end =
        RunAirlock({"run", scenario, "-o", *run / "run", "--observations"});
    ASSERT_EQ(end.exit_code, 0) << end.err;
  }
  std::filesystem::copy(*run / "run", out);
}

}  // namespace airlock::testing
