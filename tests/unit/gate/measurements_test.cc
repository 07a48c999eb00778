#include "twin/gate/measurements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

MeasuredTable Read(const std::string& text) {
  const testing::TemporaryFolder folder;
  WriteFileAtomically(folder / "canary.csv", text);
  return ReadMeasurements(folder / "canary.csv", "canary", "stable");
}

TEST(MeasurementsTest, RowsBecomeSamplesInBaseUnits) {
  const MeasuredTable table = Read(
      "replication,model,latency_p99 [ms],errors [1],loss [%],rate (Mbps)\n"
      "2,stable,2.5,3,0.5,80\n1,stable,2,0,1,90\n"
      "1,canary,4,1,,100\n2,canary,5.5,0,2,110\n");
  ASSERT_EQ(table.kpis.size(), 4u);
  EXPECT_THAT(table.faults, ElementsAre());
  const KpiSamples& latency = table.kpis[0];
  EXPECT_EQ(latency.kpi, "latency_p99");
  EXPECT_TRUE(latency.paired);
  EXPECT_EQ(latency.source, KpiSource::kMeasured);
  EXPECT_EQ(latency.models.at("candidate").unit, "s");
  // By replication, whatever the order of the rows.
  EXPECT_THAT(latency.models.at("incumbent").values, ElementsAre(2e-3, 2.5e-3));
  EXPECT_THAT(latency.models.at("candidate").values, ElementsAre(4e-3, 5.5e-3));
  EXPECT_TRUE(table.kpis[1].discrete);
  EXPECT_FALSE(latency.discrete);
  EXPECT_TRUE(std::isnan(table.kpis[2].models.at("candidate").values[0]));
  EXPECT_EQ(table.kpis[2].models.at("candidate").values[1], 0.02);
  EXPECT_EQ(table.kpis[3].models.at("candidate").unit, "bit/s");
  EXPECT_EQ(table.kpis[3].models.at("candidate").values[1], 110e6);
}

TEST(MeasurementsTest, OtherReplicationsAreNoPairs) {
  EXPECT_FALSE(
      Read("replication,model,a [s]\n1,stable,1\n2,canary,2\n").kpis[0].paired);
  EXPECT_FALSE(
      Read("replication,model,a [s]\n1,stable,1\n1,canary,2\n2,canary,3\n")
          .kpis[0]
          .paired);
}

// What is wrong with the measurements themselves is said, not thrown.
TEST(MeasurementsTest, ASourceThatStoppedOrGoesBackIsSaid) {
  EXPECT_THAT(Read("replication,model,a [s]\n1,stable,1\n").faults,
              ElementsAre("there is no row of the candidate"));
  EXPECT_THAT(
      Read("replication,model,time [s],a [s]\n1,stable,5,1\n2,stable,4,2\n"
           "1,canary,1,1\n")
          .faults,
      ElementsAre(HasSubstr("the clock of incumbent goes back")));
  const MeasuredTable stale = Read(
      "replication,model,a [s],b [1]\n1,stable,1.5,0\n2,stable,1.5,0\n"
      "3,stable,1.5,0\n1,canary,1,0\n2,canary,2,0\n3,canary,2,1\n");
  EXPECT_EQ(stale.kpis[0].models.at("incumbent").stale, 2);
  EXPECT_EQ(stale.kpis[0].models.at("candidate").stale, 0);
}

TEST(MeasurementsTest, WrongTablesSayWhere) {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case cases[] = {
      {"model,a [s]\ncanary,1\n",
       ":1:1: error: there is no column "
       "'replication'"},
      {"replication,model\n1,canary\n", "no column with a KPI"},
      {"replication,model,a\n1,canary,1\n",
       ":1:19: error: the column 'a' does "
       "not say its unit"},
      {"replication,model,a [furlong]\n1,canary,1\n",
       "'furlong': no such unit"},
      {"replication,model,a [s],a [ms]\n1,canary,1,1\n", "second column 'a'"},
      {"replication,model,time [B],a [s]\n1,canary,1,1\n",
       "not in a time unit"},
      {"replication,model,a [s]\n1,canry,1\n",
       ":2:3: error: the model 'canry' is neither the candidate 'canary' nor "
       "the incumbent 'stable'"},
      {"replication,model,a [s]\n1,canary,fast\n", ":2:10: error:"},
      {"replication,model,a [s]\n1.5,canary,1\n", "not a whole number"},
      {"replication,model,a [s]\n1,canary\n", "2 cells; the header has 3"},
      {"replication,model,a [s]\n1,canary,1\n1,canary,2\n",
       ":3:1: error: a second row of 'canary' in replication 1"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(testing::ErrorOf([&] { Read(c.text); }), HasSubstr(c.message))
        << c.text;
  }
}

}  // namespace
}  // namespace airlock
