#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/import_text.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ImportFailure;
using testing::ImportText;

TEST(ImportCsv, ReadsTimeUnitsRolesAndScopes) {
  const Trace trace = ImportText("csv",
                                 "delivered_rate [Mbit/s],time [ms],"
                                 "core.1.user,gone,latency_p99 [us]\n"
                                 "1.5,100,0.25,,20\n"
                                 "2.5,200,0.5,N/A,\n");
  EXPECT_EQ(trace.source, "csv");
  EXPECT_THAT(trace.time_seconds, ElementsAre(0.1, 0.2));
  ASSERT_EQ(trace.columns.size(), 4u);
  const Column& rate = trace.Get("delivered_rate");
  EXPECT_EQ(rate.role, Role::kKpi);
  EXPECT_EQ(rate.unit, "bit/s");
  EXPECT_THAT(rate.values, ElementsAre(1.5e6, 2.5e6));
  const Column& user = trace.Get("core.1.user");
  EXPECT_EQ(user.role, Role::kCounter);
  EXPECT_EQ(user.scope, Scope::kCore);
  EXPECT_EQ(user.scope_id, "1");
  EXPECT_EQ(trace.Get("latency_p99").values[0], 20e-6);
}

TEST(ImportCsv, CountsMissingValuesAndNamesEmptyColumns) {
  const Trace trace = ImportText("csv", "time,a,b\n0,1,\n1,,\n2,3,NaN\n");
  EXPECT_EQ(trace.Attribute("missing_values"), "4");
  EXPECT_EQ(trace.Attribute("missing_by_column"), "a=1 b=3");
  EXPECT_EQ(trace.Attribute("empty_columns"), "b");
  EXPECT_EQ(trace.Attribute("warnings"), "column 'b' has no value at all");
  EXPECT_EQ(trace.Get("b").CountMissing(), 3);
}

TEST(ImportCsv, TakesTheFirstColumnForTheTimeIfNoneIsNamedSo) {
  EXPECT_THAT(ImportText("csv", "x;y\n0;5\n1;6\n").time_seconds,
              ElementsAre(0, 1));
  EXPECT_EQ(ImportText("csv", "x\ty\n0\t5\n").Attribute("time_column"), "x");
}

TEST(ImportCsv, ReadsDatesAndMovesEpochTimesToZero) {
  const Trace trace = ImportText("csv",
                                 "time,a\n2024-03-05 23:59:59.5,1\n"
                                 "2024-03-06T00:00:00Z,2\n");
  EXPECT_THAT(trace.time_seconds, ElementsAre(0, 0.5));
  EXPECT_EQ(trace.Attribute("time_zero"), "1709683199.500");
}

TEST(ImportCsv, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(ImportFailure("csv", "time,a\n0,1\n1,12a3\n"),
            "trace.csv:3:3: error: column 'a': '12a3' is not a number");
  EXPECT_EQ(ImportFailure("csv", "time,a\n0,1\n1,2,3\n"),
            "trace.csv:3: error: 3 cells; the header in line 1 has 2");
  EXPECT_EQ(ImportFailure("csv", "time,a\n0,1\n1\n"),
            "trace.csv:3: error: 1 cells; the header in line 1 has 2");
  EXPECT_EQ(ImportFailure("csv", "time,a,b,a\n0,1,2,3\n"),
            "trace.csv:1:10: error: a second column is named 'a'; the first "
            "is at column 6");
  EXPECT_EQ(
      ImportFailure("csv", "time,a [s],a [ms]\n0,1,2\n"),
      "trace.csv:1:12: error: a second column is named 'a'; the first is at "
      "column 6");
  EXPECT_EQ(ImportFailure("csv", "time,a\n0,1\n2,1\n1,1\n"),
            "trace.csv:4:1: error: time 1 s does not come after 2 s of the row "
            "before");
  EXPECT_EQ(ImportFailure("csv", "time,a\n0,1\n0,1\n"),
            "trace.csv:3:1: error: time 0 s does not come after 0 s of the row "
            "before");
  EXPECT_EQ(ImportFailure("csv", "time,a\n0,1\n,1\n"),
            "trace.csv:3:1: error: the time is missing");
  EXPECT_EQ(ImportFailure("csv", "time,a\n"),
            "trace.csv:1: error: there is no row of values below the header");
  EXPECT_EQ(ImportFailure("csv", "time,\n0,1\n"),
            "trace.csv:1:6: error: this column has no name");
  EXPECT_EQ(ImportFailure("csv", "time [V],a\n0,1\n"),
            "trace.csv:1:1: error: the time is in 'V'; write s, ms, us, ns or "
            "min");
  EXPECT_EQ(ImportFailure("csv", "time,a [s\n0,1\n"),
            "trace.csv:1:6: error: 'a [s': a unit stands at the end, in "
            "brackets: `name [unit]`");
  EXPECT_EQ(ImportFailure("csv", "time,a\n0,1\n1,2"),
            "trace.csv:3: error: the file ends within this line: it was cut");
  EXPECT_EQ(ImportFailure("csv", ""), "trace.csv: error: the file is empty");
}

TEST(ImportTrace, UnknownFormatListsTheKnownOnes) {
  try {
    ImportTrace("pcn", "x");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(
        error.what(),
        HasSubstr("no importer is named 'pcn'; did you mean 'pcm'?; "
                  "known: csv, drst, link-log, nfvbench, pcap, pcm, perf, survey, "
                  "testbed"));
  }
}

TEST(Importers, AreSortedAndDescribed) {
  for (size_t i = 0; i < Importers().size(); ++i) {
    EXPECT_FALSE(Importers()[i].description.empty());
    if (i == 0) continue;
    EXPECT_LT(Importers()[i - 1].name, Importers()[i].name);
  }
}

}  // namespace
}  // namespace airlock
