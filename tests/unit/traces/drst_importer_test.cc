#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/import_text.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using testing::ImportFailure;
using testing::ImportText;

const char kHeader[] =
    ",input_rate,output_rate,latency,nf_router_L1-dcache-loads,"
    "bridge_cycles\n";

TEST(ImportDrst, ReadsKpisAndCountersByFunction) {
  const Trace trace = ImportText(
      "drst", std::string(kHeader) + "0,187.5,185.25,6.5,3134906.0,11\n" +
                  "1,500,501,15000.0,,12\n" + "0,1,2,15686.4,5,13\n");
  EXPECT_THAT(trace.time_seconds, ElementsAre(0, 1, 2));
  EXPECT_THAT(trace.Get("offered_rate").values,
              ElementsAre(187.5e6, 500e6, 1e6));
  EXPECT_EQ(trace.Get("delivered_rate").role, Role::kKpi);
  const Column& latency = trace.Get("latency_mean");
  EXPECT_EQ(latency.values[0], 6.5e-6);
  EXPECT_TRUE(std::isnan(latency.values[1]));
  EXPECT_TRUE(std::isnan(latency.values[2]));
  EXPECT_EQ(trace.Attribute("latency_timeouts"), "2");
  EXPECT_EQ(trace.Attribute("missing_values"), "3");
  EXPECT_EQ(trace.Attribute("segment_starts"), "0 2");
  const Column& loads = trace.Get("function.nf_router.L1-dcache-loads");
  EXPECT_EQ(loads.scope, Scope::kFunction);
  EXPECT_EQ(loads.scope_id, "nf_router");
  EXPECT_EQ(loads.values[0], 3134906);
}

TEST(ImportDrst, RefusesAnotherHeaderOrALostRow) {
  EXPECT_EQ(ImportFailure("drst",
                          "i,input_rate,output_rate,latency,a_b\n"
                          "0,1,2,3,4\n"),
            "trace.csv:1:1: error: the first column is named 'i'; expected the "
            "row index without name");
  EXPECT_EQ(ImportFailure("drst",
                          ",input_rate,latency,output_rate,a_b\n"
                          "0,1,2,3,4\n"),
            "trace.csv:1:13: error: column 3 is named 'latency'; expected "
            "'output_rate'");
  EXPECT_EQ(ImportFailure("drst",
                          ",input_rate,output_rate,latency,cycles\n"
                          "0,1,2,3,4\n"),
            "trace.csv:1:33: error: 'cycles' is not FUNCTION_EVENT");
  EXPECT_EQ(ImportFailure("drst", std::string(kHeader) + "0,1,1,1,1,1\n" +
                                      "1,1,1,1,1,1\n1,1,1,1,1,1\n"),
            "trace.csv:4:1: error: row index 1 after 1; expected a higher one, "
            "or 0 for the next experiment");
  EXPECT_EQ(ImportFailure("drst", std::string(kHeader) + "1,1,1,1,1,1\n"),
            "trace.csv:2:1: error: the row index starts at 1, not 0");
}

}  // namespace
}  // namespace airlock
