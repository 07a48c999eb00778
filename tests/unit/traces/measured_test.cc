// The importers on measurements by others, where they are on this machine.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "calibration/traces/importer.h"
#include "tests/support/measured_data.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

TEST(Measured, ChainLoadSweep) {
  AIRLOCK_MEASURED_OR_SKIP(path, "nfv-chain/stage0_linear_combined.csv.xz");
  const Trace trace = ImportTrace("drst", path);
  EXPECT_EQ(trace.samples(), 1790);
  EXPECT_EQ(trace.columns.size(), 63u);
  EXPECT_EQ(trace.Attribute("missing_values"), "36");
  EXPECT_EQ(trace.Attribute("latency_timeouts"), "0");
  EXPECT_NEAR(trace.Get("offered_rate").values[0], 187.22433313947e6, 1e-3);
  EXPECT_DOUBLE_EQ(trace.Get("latency_mean").values[1], 8.963e-6);
  EXPECT_EQ(trace.Get("function.bridge.LLC-loads").values[0], 1951730);
}

TEST(Measured, ChainContention) {
  AIRLOCK_MEASURED_OR_SKIP(path,
                           "nfv-chain/dag1_resource_stimulus_A-B-C.csv.xz");
  const Trace trace = ImportTrace("drst", path);
  EXPECT_EQ(trace.samples(), 2229);
  EXPECT_EQ(trace.Attribute("latency_timeouts"), "442");
  EXPECT_EQ(trace.Get("latency_mean").CountMissing(), 442);
}

TEST(Measured, Nfvbench) {
  AIRLOCK_MEASURED_OR_SKIP(path, "nfvbench/iterations_csit.csv");
  const Trace trace = ImportTrace("nfvbench", path);
  EXPECT_EQ(trace.samples(), 2496);
  EXPECT_EQ(trace.Get("latency_mean").values[0], 254e-6);
  EXPECT_EQ(trace.Get("trial_time").CountMissing(), 208);
  EXPECT_EQ(trace.Get("chains").CountMissing(), 0);
  for (const double delay : trace.Get("latency_mean").values) {
    EXPECT_FALSE(delay > 0.1);  // NaN is missing
  }
}

TEST(Measured, SurveyOfFourAccessPoints) {
  AIRLOCK_MEASURED_OR_SKIP(path, "wifi-mobility/trace-082/cbt.csv");
  const Trace trace = ImportTrace("survey", path);
  EXPECT_EQ(trace.columns.size(), 20u);
  EXPECT_EQ(trace.samples() - trace.Get("ap.ap1.noise").CountMissing(), 716);
  // Read off the file: ap4 at 1548780470 was 1896 ms of 2001 ms busy.
  const double time =
      1548780470 - std::strtod(trace.Attribute("time_zero").c_str(), nullptr);
  bool found = false;
  for (int64_t i = 0; i < trace.samples(); ++i) {
    if (trace.time_seconds[i] != time) continue;
    EXPECT_DOUBLE_EQ(trace.Get("ap.ap4.airtime_busy").values[i],
                     1896.0 / 2001.0);
    found = true;
  }
  EXPECT_TRUE(found);
  for (const Column& column : trace.columns) {
    if (column.unit != "1") continue;
    for (const double share : column.values) {
      EXPECT_FALSE(share < 0 || share > 1);  // NaN is missing
    }
  }
}

// Unpacks with the system's tools; false if they are not there.
bool Unpack(const std::string& command) {
  return std::system((command + " > /dev/null 2>&1").c_str()) == 0;
}

TEST(Measured, PcmRunOfSevenProcesses) {
  AIRLOCK_MEASURED_OR_SKIP(archive,
                           "nfv-chain/pcm_linear_const-1gbps_full.zip");
  const testing::TemporaryFolder folder;
  if (!Unpack("python3 -m zipfile -e '" + archive + "' '" + folder.path() +
              "'")) {
    GTEST_SKIP() << "python3 is needed to unpack " << archive;
  }
  const Trace trace = ImportTrace("pcm", folder / "const-1gbps");
  EXPECT_EQ(trace.samples(), 1983);
  EXPECT_EQ(trace.columns.size(), 699u);
  EXPECT_EQ(trace.Get("core.7.l2miss").values[0], 590000);
  EXPECT_EQ(trace.Get("socket.0.l3occ@bridge-pcm").values[0], 17280 * 1024);
  EXPECT_EQ(trace.Attribute("joined.firewall-pcm"),
            "1983 of 1985 rows, 2 dropped; 0 samples without one");
  const Trace pcie = ImportTrace("pcm", folder / "const-1gbps/pcm-pcie.csv");
  EXPECT_EQ(pcie.samples(), 1966);
  EXPECT_EQ(pcie.columns.size(), 42u);
  EXPECT_EQ(pcie.Get("socket.1.pcie_wil_hit").values[0], 504);
}

TEST(Measured, PcmHeadsOfManyScenarios) {
  AIRLOCK_MEASURED_OR_SKIP(archive,
                           "nfv-chain/pcm_all-scenarios_first-10-rows.tar.xz");
  const testing::TemporaryFolder folder;
  if (!Unpack("tar -xf '" + archive + "' -C '" + folder.path() + "'")) {
    GTEST_SKIP() << "tar is needed to unpack " << archive;
  }
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    const std::string name = entry.path().filename().string();
    const bool pcm = name.find("pcm") != std::string::npos &&
                     name.find("processed") == std::string::npos;
    if (!entry.is_regular_file() || !pcm || name.front() == '.') continue;
    ++files;
    const Trace trace = ImportTrace("pcm", entry.path().string());
    EXPECT_GT(trace.samples(), 0) << entry.path();
    EXPECT_GE(trace.columns.size(), 14u) << entry.path();
  }
  EXPECT_EQ(files, 258);
}

}  // namespace
}  // namespace airlock
