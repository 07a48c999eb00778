#include "calibration/traces/schema.h"

#include <gtest/gtest.h>

namespace airlock {
namespace {

TEST(ToBaseUnit, ScalesWithOneRounding) {
  EXPECT_EQ(ToBaseUnit("ms").unit, "s");
  EXPECT_EQ(ToBaseUnit("ms").Apply(3), 0.003);
  EXPECT_EQ(ToBaseUnit("us").Apply(254), 254e-6);
  EXPECT_EQ(ToBaseUnit("Mbit/s").Apply(1.5), 1.5e6);
  EXPECT_EQ(ToBaseUnit("%").Apply(30), 0.3);
  EXPECT_EQ(ToBaseUnit("furlong").unit, "furlong");
  EXPECT_EQ(ToBaseUnit("furlong").Apply(3), 3);
}

TEST(SetRoleAndScopeFromName, KnowsTheAgreedNames) {
  Column column;
  column.name = "latency_p99";
  SetRoleAndScopeFromName(&column);
  EXPECT_EQ(column.role, Role::kKpi);
  column.name = "contention_io";
  SetRoleAndScopeFromName(&column);
  EXPECT_EQ(column.role, Role::kInput);
  column.name = "core.3.softirq.net_rx";
  SetRoleAndScopeFromName(&column);
  EXPECT_EQ(column.role, Role::kCounter);
  EXPECT_EQ(column.scope, Scope::kCore);
  EXPECT_EQ(column.scope_id, "3");
}

TEST(SetRoleAndScopeFromName, LeavesOtherNamesToTheSystem) {
  for (const char* const name :
       {"cpu", "system.interrupts", "a.b.c", "core.x"}) {
    Column column;
    column.name = name;
    SetRoleAndScopeFromName(&column);
    EXPECT_EQ(column.scope, Scope::kSystem) << name;
    EXPECT_EQ(column.scope_id, "") << name;
  }
}

TEST(MetricName, KeepsLettersAndDigits) {
  EXPECT_EQ(MetricName("Mem Read (MB/s)"), "mem_read_mb_s");
  EXPECT_EQ(MetricName("  P. Write "), "p_write");
  EXPECT_EQ(MetricName("Idle%"), "idle_percent");
  EXPECT_EQ(MetricName("(%)"), "percent");
}

TEST(ParseDate, CountsDaysSince1970) {
  double seconds = 0;
  EXPECT_TRUE(ParseDate("1970-01-01", &seconds));
  EXPECT_EQ(seconds, 0);
  EXPECT_TRUE(ParseDate("2000-03-01", &seconds));
  EXPECT_EQ(seconds, 951868800);
  EXPECT_TRUE(ParseDate("2024-02-29", &seconds));
  EXPECT_EQ(seconds, 1709164800);
  for (const char* const text : {"2023-02-29", "2024-13-01", "2024-00-10",
                                 "2024-1-1", "24-01-01", "2024-01-01x", ""}) {
    EXPECT_FALSE(ParseDate(text, &seconds)) << text;
  }
}

TEST(ParseTimeOfDay, ReadsFractions) {
  double seconds = 0;
  EXPECT_TRUE(ParseTimeOfDay("09:30:52.932", &seconds));
  EXPECT_DOUBLE_EQ(seconds, 9 * 3600 + 30 * 60 + 52.932);
  EXPECT_TRUE(ParseTimeOfDay("23:59:59", &seconds));
  EXPECT_EQ(seconds, 86399);
  for (const char* const text :
       {"24:00:00", "9:30:52", "09:60:00", "09:30", "09:30:52.", "09:30:52.1e1",
        "09:30:52 ", "-1:00:00"}) {
    EXPECT_FALSE(ParseTimeOfDay(text, &seconds)) << text;
  }
}

TEST(ParseDateTime, TakesBlankOrT) {
  double seconds = 0;
  EXPECT_TRUE(ParseDateTime("1970-01-02 00:00:01", &seconds));
  EXPECT_EQ(seconds, 86401);
  EXPECT_TRUE(ParseDateTime("1970-01-02T00:00:01Z", &seconds));
  EXPECT_EQ(seconds, 86401);
  EXPECT_FALSE(ParseDateTime("1970-01-02", &seconds));
  EXPECT_FALSE(ParseDateTime("1970-01-02x00:00:01", &seconds));
}

}  // namespace
}  // namespace airlock
