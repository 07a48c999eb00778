#include <gtest/gtest.h>

#include "tests/support/small_results.h"

namespace airlock {
namespace {

TEST(ExplainedSettingTest, LinesOfTheCsv) {
  RunRecord record = testing::SmallRunRecord();
  // Who plans channels has their columns.
  EXPECT_EQ(record.DecisionsCsv().rfind("replication," + DecisionHeader(), 0),
            0u);
  for (ReplicationRecord& one : record.replications) one.decisions.clear();
  EXPECT_EQ(record.DecisionsCsv(),
            "replication,time [s],setting,before,proposed,after,decided_by,"
            "reason\n"
            "1,0.5,server.web2.weight,2,0.5,1.5,shield,moves too far\n"
            "1,1,,,,,agent,stays\n");
  for (ReplicationRecord& one : record.replications) one.settings.clear();
  EXPECT_EQ(record.DecisionsCsv(), "");
}

TEST(ExplainedSettingTest, WhatDidNotComeIsTakenBack) {
  const ReplicationRecord record = testing::SmallRunRecord().replications.at(1);
  ExplainedSetting weight = record.settings[0];
  EXPECT_EQ(ToString(weight), "server.web2.weight: 2 -> 1.5");
  weight.TakeBack("network", "refused");
  EXPECT_FALSE(weight.changes());
  EXPECT_EQ(SettingCells(weight),
            "0.5,server.web2.weight,2,0.5,2,network,refused: 1.5");
  // There is nothing to take back of what changes nothing.
  ExplainedSetting none = record.settings[1];
  none.TakeBack("network", "refused");
  EXPECT_EQ(SettingCells(none), SettingCells(record.settings[1]));
}

}  // namespace
}  // namespace airlock
