#include <gtest/gtest.h>

#include <filesystem>

#include "calibration/settings/calibration_task.h"

namespace airlock {
namespace {

TEST(ShippedTasksTest, AreGood) {
  int tasks = 0;
  for (const auto& entry : std::filesystem::directory_iterator(
           AIRLOCK_SOURCE_DIR "/scenarios/calibration")) {
    Diagnostics diagnostics;
    EXPECT_TRUE(LoadCalibrationTask(entry.path().string(), &diagnostics))
        << diagnostics.Format();
    ++tasks;
  }
  EXPECT_GE(tasks, 1);
}

}  // namespace
}  // namespace airlock
