#include "sim/telemetry/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/error.h"

namespace airlock {
namespace {

Trace TwoColumns() {
  Trace trace;
  trace.source = "test";
  trace.time_seconds = {0, 0.5, 1.5};
  Column rate;
  rate.name = "delivered_rate";
  rate.role = Role::kKpi;
  rate.unit = "bit/s";
  rate.values = {1, NAN, 3};
  Column cpu;
  cpu.name = "core.0.user";
  cpu.unit = "1";
  cpu.scope = Scope::kCore;
  cpu.scope_id = "0";
  cpu.values = {0.1, 0.2, 0.3};
  trace.columns = {rate, cpu};
  return trace;
}

std::string ValidationError(const Trace& trace) {
  try {
    trace.Validate();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(TraceTest, ValidatesItsInvariants) {
  EXPECT_EQ(ValidationError(TwoColumns()), "");
  Trace trace = TwoColumns();
  trace.time_seconds[2] = 0.5;
  EXPECT_EQ(ValidationError(trace),
            "sample 2: time 0.5 s does not come after 0.5 s of the sample "
            "before");
  trace = TwoColumns();
  trace.time_seconds[1] = NAN;
  EXPECT_EQ(ValidationError(trace), "sample 1: the time is not a number");
  trace = TwoColumns();
  trace.columns[1].values.pop_back();
  EXPECT_EQ(ValidationError(trace),
            "column 'core.0.user' has 2 values for 3 samples");
  trace = TwoColumns();
  trace.columns[1].name = "delivered_rate";
  EXPECT_EQ(ValidationError(trace), "two columns are named 'delivered_rate'");
}

TEST(TraceTest, MissingColumnSuggestsTheNearest) {
  try {
    TwoColumns().Get("delivered_rat");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()),
              "the trace (test) has no column 'delivered_rat'; did you mean "
              "'delivered_rate'?");
  }
}

TEST(TraceTest, SliceKeepsColumnsAndCountsMissing) {
  const Trace part = TwoColumns().Slice(1, 3);
  EXPECT_THAT(part.time_seconds, testing::ElementsAre(0.5, 1.5));
  EXPECT_EQ(part.Get("delivered_rate").CountMissing(), 1);
  EXPECT_THAT(part.Get("core.0.user").values, testing::ElementsAre(0.2, 0.3));
}

TEST(TraceTest, DigestSeesValuesNamesAndUnits) {
  const std::string digest = TwoColumns().Digest();
  EXPECT_EQ(TwoColumns().Digest(), digest);
  Trace trace = TwoColumns();
  trace.columns[0].values[2] = 4;
  EXPECT_NE(trace.Digest(), digest);
  trace = TwoColumns();
  trace.columns[0].unit = "Mbit/s";
  EXPECT_NE(trace.Digest(), digest);
}

TEST(TraceTest, RolesAndScopesParseBack) {
  for (const Role role : {Role::kInput, Role::kKpi, Role::kCounter}) {
    Role back = Role::kCounter;
    EXPECT_TRUE(Parse(ToString(role), &back));
    EXPECT_EQ(back, role);
  }
  Scope scope = Scope::kSystem;
  EXPECT_TRUE(Parse("ap", &scope));
  EXPECT_EQ(scope, Scope::kAccessPoint);
  EXPECT_FALSE(Parse("apx", &scope));
}

}  // namespace
}  // namespace airlock
