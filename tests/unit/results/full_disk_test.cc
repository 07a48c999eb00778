#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/results/hdf5_file.h"
#include "tests/support/run_in_child.h"
#include "tests/support/small_disk.h"
#include "tests/support/small_results.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using airlock::testing::MountSmallDisk;
using airlock::testing::SmallTrace;
using airlock::testing::TemporaryFolder;

// Noise does not compress: 64 000 values need half a megabyte.
Trace TraceThatDoesNotFit() {
  RngStream rng(1);
  Trace trace;
  Column column;
  column.name = "noise";
  for (int i = 0; i < 64000; ++i) {
    trace.time_seconds.push_back(i);
    column.values.push_back(rng.Uniform());
  }
  trace.columns = {column};
  return trace;
}

// On a full disk: a clear error, the old file intact, nothing else left.
std::string WriteOnFullDisk(const std::string& folder) {
  const std::string problem = MountSmallDisk(folder);
  if (!problem.empty()) return problem;
  const std::string path = folder + "/t.h5";
  WriteTrace(SmallTrace(), path);
  std::string message = "no error";
  try {
    WriteTrace(TraceThatDoesNotFit(), path);
  } catch (const Error& error) {
    message = fmt::format("exit {}: {}", static_cast<int>(error.code()),
                          error.what());
  }
  const auto entries =
      std::distance(std::filesystem::directory_iterator(folder),
                    std::filesystem::directory_iterator());
  const bool intact = ReadTrace(path).Digest() == SmallTrace().Digest();
  return fmt::format("{}; {} entries; old file {}", message, entries,
                     intact ? "intact" : "lost");
}

TEST(FullDiskTest, ClearErrorAndNothingLeft) {
  const TemporaryFolder folder;
  const std::string report =
      RunInChild([&] { return WriteOnFullDisk(folder.path()); });
  if (report.rfind("skip: ", 0) == 0) GTEST_SKIP() << report.substr(6);
  EXPECT_EQ(report, fmt::format("exit 5: cannot write {}/t.h5: No space left "
                                "on device; 1 entries; old file intact",
                                folder.path()));
}

}  // namespace
}  // namespace airlock
