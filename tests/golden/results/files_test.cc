#include <gtest/gtest.h>

#include "sim/results/hdf5_file.h"
#include "tests/support/golden.h"
#include "tests/support/small_results.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using airlock::testing::ExpectGolden;
using airlock::testing::FixedProvenance;
using airlock::testing::SmallRunRecord;
using airlock::testing::SmallTrace;
using airlock::testing::TemporaryFolder;

// The whole structure with the digest: a change of either is a change of the
// file format (FORMAT.md, version).
TEST(GoldenFilesTest, SmallTrace) {
  const TemporaryFolder folder;
  WriteTrace(SmallTrace(), folder / "t.h5", FixedProvenance());
  ExpectGolden(DescribeFile(folder / "t.h5"), "results/small_trace.txt");
}

TEST(GoldenFilesTest, SmallResult) {
  const TemporaryFolder folder;
  WriteRunRecord(SmallRunRecord(), folder / "r.h5");
  ExpectGolden(DescribeFile(folder / "r.h5"), "results/small_result.txt");
}

}  // namespace
}  // namespace airlock
