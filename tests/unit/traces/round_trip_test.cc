// An imported trace through Airlock's own file.

#include <gtest/gtest.h>

#include "sim/results/hdf5_file.h"
#include "tests/support/import_text.h"
#include "tests/support/measured_data.h"

namespace airlock {
namespace {

void ExpectRoundTrip(const Trace& trace) {
  const testing::TemporaryFolder folder;
  WriteTrace(trace, folder / "t.h5");
  const Trace back = ReadTrace(folder / "t.h5");
  EXPECT_EQ(back.Digest(), trace.Digest());
  EXPECT_EQ(back.source, trace.source);
  EXPECT_EQ(back.origin, trace.origin);
  EXPECT_EQ(back.attributes, trace.attributes);
}

TEST(RoundTrip, KeepsMissingValuesUnitsAndAttributes) {
  ExpectRoundTrip(testing::ImportText(
      "csv", "time,a [ms],core.0.user,empty\n0,1,,\n0.5,-0.0,N/A,\n"));
}

TEST(RoundTrip, KeepsNamesWithSlashesAndFiles) {
  ExpectRoundTrip(testing::ImportText(
      "perf", "0.3,7,,cycles,nf.slice/inspect,100,100.00,,\n"));
}

TEST(RoundTrip, KeepsAMeasuredChain) {
  AIRLOCK_MEASURED_OR_SKIP(path, "nfv-chain/stage0_linear_combined.csv.xz");
  ExpectRoundTrip(ImportTrace("drst", path));
}

TEST(RoundTrip, KeepsAMeasuredSurvey) {
  AIRLOCK_MEASURED_OR_SKIP(path, "wifi-mobility/trace-082/cbt.csv");
  ExpectRoundTrip(ImportTrace("survey", path));
}

}  // namespace
}  // namespace airlock
