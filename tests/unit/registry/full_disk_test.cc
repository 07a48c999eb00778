#include <gtest/gtest.h>

#include <filesystem>

#include "sim/base/error.h"
#include "tests/support/gate_folder.h"
#include "tests/support/run_in_child.h"
#include "tests/support/small_disk.h"
#include "tests/support/temporary_folder.h"
#include "twin/registry/registry.h"

namespace airlock {
namespace {

using airlock::testing::MountSmallDisk;
using airlock::testing::TemporaryFolder;
using airlock::testing::Why;
using airlock::testing::WriteGateFolder;

// Promotes a small model, then one that does not fit.
std::string PromoteOnFullDisk(const std::string& folder,
                              const std::string& disk) {
  const std::string problem = MountSmallDisk(disk);
  if (!problem.empty()) return problem;
  const std::string path = disk + "/registry";
  Registry registry(path);
  registry.Promote(folder + "/small", Why(""));
  std::string message = "no error";
  try {
    registry.Promote(folder + "/large", Why(""));
  } catch (const Error& error) {
    message = fmt::format("exit {}: {}", static_cast<int>(error.code()),
                          error.what());
  }
  registry.Verify();
  const auto versions =
      std::distance(std::filesystem::directory_iterator(path + "/versions"),
                    std::filesystem::directory_iterator());
  return fmt::format("{}; champion '{}', {} entries, {} version", message,
                     registry.Champion()->version.name,
                     registry.History().size(), versions);
}

TEST(RegistryFullDiskTest, TheOldChampionStaysAndNothingIsLeft) {
  const TemporaryFolder folder;
  WriteGateFolder(folder / "small", "small");
  WriteGateFolder(folder / "large", std::string(200000, 'x'));
  const std::string disk = folder / "disk";
  std::filesystem::create_directory(disk);
  const std::string report =
      RunInChild([&] { return PromoteOnFullDisk(folder.path(), disk); });
  if (report.rfind("skip: ", 0) == 0) GTEST_SKIP() << report.substr(6);
  EXPECT_EQ(report.substr(0, 20), "exit 5: cannot write");
  EXPECT_NE(report.find("No space left on device"), std::string::npos);
  EXPECT_NE(report.find("champion 'the small', 2 entries, 1 version"),
            std::string::npos)
      << report;
}

}  // namespace
}  // namespace airlock
