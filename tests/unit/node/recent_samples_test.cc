#include "twin/node/recent_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "calibration/traces/importer.h"
#include "sim/base/file.h"
#include "sim/base/rng.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

Trace Samples(int64_t count) {
  RngStream rng = RngTree(7).Stream("test/recent", Replication(0));
  Trace trace;
  trace.source = "test";
  for (const char* name : {"a", "core.0.cpu/event=0x3c,umask=0x0/", "c"}) {
    Column column;
    column.name = name;
    column.unit = "bit/s";
    for (int64_t i = 0; i < count; ++i) {
      column.values.push_back(rng.Uniform() < 0.1
                                  ? std::numeric_limits<double>::quiet_NaN()
                                  : rng.Normal(0, 1) * 1e-7);
    }
    trace.columns.push_back(std::move(column));
  }
  for (int64_t i = 0; i < count; ++i) {
    trace.time_seconds.push_back(1.7e9 + 0.1 * static_cast<double>(i));
  }
  return trace;
}

void ExpectEqual(const Trace& a, const Trace& b) {
  ASSERT_EQ(a.time_seconds, b.time_seconds);
  ASSERT_EQ(a.columns.size(), b.columns.size());
  for (size_t c = 0; c < a.columns.size(); ++c) {
    EXPECT_EQ(a.columns[c].name, b.columns[c].name);
    for (size_t i = 0; i < a.columns[c].values.size(); ++i) {
      const double x = a.columns[c].values[i];
      const double y = b.columns[c].values[i];
      EXPECT_TRUE(x == y || (std::isnan(x) && std::isnan(y)));
    }
  }
}

TEST(RecentSamplesTest, ComesBackBitByBit) {
  const TemporaryFolder folder;
  const Trace samples = Samples(57);
  {
    RecentSamples recent(folder.path(), 20);
    EXPECT_TRUE(recent.SetColumns(samples));
    for (int64_t i = 0; i < 57; ++i) recent.Add(samples, i);
    EXPECT_EQ(recent.next(), 57);
    ExpectEqual(recent.Range(40, 57), samples.Slice(40, 57));
  }
  RecentSamples again(folder.path(), 20);
  EXPECT_EQ(again.next(), 57);
  EXPECT_LE(again.first(), 37);
  ExpectEqual(again.Range(again.first(), 57), samples.Slice(again.first(), 57));
  // And goes on.
  EXPECT_TRUE(again.SetColumns(samples));
  Trace more = Samples(1);
  more.time_seconds[0] += 100;
  again.Add(more, 0);
  EXPECT_EQ(RecentSamples(folder.path(), 20).next(), 58);
  // Two files and no more.
  EXPECT_LE(folder.CountEntries(), 2);
}

TEST(RecentSamplesTest, AHalfWrittenRowIsNotTaken) {
  const TemporaryFolder folder;
  const Trace samples = Samples(5);
  {
    RecentSamples recent(folder.path(), 100);
    recent.SetColumns(samples);
    for (int64_t i = 0; i < 4; ++i) recent.Add(samples, i);
  }
  const std::string path = folder / "samples-000000000000.csv";
  std::ofstream(path, std::ios::app) << CsvRowText(samples, 4).substr(0, 30);
  RecentSamples again(folder.path(), 100);
  EXPECT_EQ(again.next(), 4);
  again.SetColumns(samples);
  again.Add(samples, 4);
  ExpectEqual(RecentSamples(folder.path(), 100).Range(0, 5), samples);
}

TEST(RecentSamplesTest, OtherColumnsBeginAnew) {
  const TemporaryFolder folder;
  const Trace samples = Samples(5);
  RecentSamples recent(folder.path(), 100);
  recent.SetColumns(samples);
  for (int64_t i = 0; i < 5; ++i) recent.Add(samples, i);
  Trace other = samples;
  other.columns[2].unit = "B";
  EXPECT_FALSE(recent.SetColumns(other));
  EXPECT_EQ(recent.next(), 5);
  EXPECT_EQ(recent.first(), 5);
  recent.Add(other, 0);
  EXPECT_EQ(RecentSamples(folder.path(), 100).first(), 5);
}

TEST(RecentSamplesTest, AFileThatDoesNotFollowIsRefused) {
  const TemporaryFolder folder;
  const Trace samples = Samples(5);
  {
    RecentSamples recent(folder.path(), 100);
    recent.SetColumns(samples);
    for (int64_t i = 0; i < 5; ++i) recent.Add(samples, i);
  }
  std::filesystem::copy_file(folder / "samples-000000000000.csv",
                             folder / "samples-000000000009.csv");
  EXPECT_THAT(ErrorOf([&] { RecentSamples(folder.path(), 100); }),
              HasSubstr("does not follow the samples before it"));
}

TEST(RecentSamplesTest, TheImporterReadsARequestsWindow) {
  const TemporaryFolder folder;
  const Trace samples = Samples(30);
  std::string csv = CsvHeaderText(samples);
  for (int64_t i = 0; i < 30; ++i) csv += CsvRowText(samples, i);
  WriteFileAtomically(folder / "window.csv", csv);
  const Trace imported = ImportTrace("csv", folder / "window.csv");
  ASSERT_EQ(imported.samples(), 30);
  EXPECT_EQ(imported.columns[1].name, samples.columns[1].name);
  EXPECT_EQ(imported.columns[0].unit, "bit/s");
  for (size_t i = 0; i < 30; ++i) {
    const double x = samples.columns[2].values[i];
    const double y = imported.columns[2].values[i];
    EXPECT_TRUE(x == y || (std::isnan(x) && std::isnan(y)));
  }
}

}  // namespace
}  // namespace airlock
