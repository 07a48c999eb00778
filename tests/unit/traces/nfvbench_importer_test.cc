#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/import_text.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using testing::ImportFailure;
using testing::ImportText;
using ::testing::IsNan;

const char kHeader[] =
    "file,date,frame_size,kind,requested_pps,actual_tx_pps,rx_pps,drop_pct,"
    "time_ms_or_avg_delay_usec\n";

TEST(ImportNfvbench, ReadsDelayAndTimeByTheKindOfRow) {
  const Trace trace = ImportText(
      "nfvbench",
      std::string(kHeader) +
          "r/2t1c_novlan/csc_10c1n_ndr-1.json,2018-12-08 04:26:17,64,ndr_final,"
          "5086262,,,0.5,254\n"
          "r/4t2c_novlan/vsc_3c2n_ndr-1.json,2018-12-08 04:26:17,IMIX,ndr_pdr,"
          "100,99,98.5,1.0,1544243277232\n"
          "other.json,2018-12-08 04:26:17,64,pdr_final,1,,,0,0\n");
  EXPECT_THAT(trace.time_seconds, ElementsAre(0, 1, 2));
  EXPECT_EQ(trace.Get("latency_mean").values[0], 254e-6);
  EXPECT_TRUE(std::isnan(trace.Get("latency_mean").values[1]));
  EXPECT_TRUE(std::isnan(trace.Get("latency_mean").values[2]));
  EXPECT_EQ(trace.Attribute("zero_delays"), "1");
  EXPECT_EQ(trace.Get("trial_time").values[1], 1544243277.232);
  EXPECT_TRUE(std::isnan(trace.Get("trial_time").values[0]));
  EXPECT_EQ(trace.Get("loss_ratio").values[0], 0.005);
  EXPECT_EQ(trace.Get("offered_packet_rate").values[1], 99);
  EXPECT_EQ(trace.Get("delivered_packet_rate").values[1], 98.5);
  EXPECT_EQ(trace.Get("packet_size").values[0], 64);
  EXPECT_NEAR(trace.Get("packet_size").values[1], 361.83, 0.01);
  EXPECT_THAT(trace.Get("packet_size_mixed").values, ElementsAre(0, 1, 0));
  EXPECT_EQ(trace.Get("chains").values[0], 10);
  EXPECT_EQ(trace.Get("functions").values[1], 2);
  EXPECT_EQ(trace.Get("switch_threads").values[1], 4);
  EXPECT_EQ(trace.Get("switch_cores").values[0], 1);
  EXPECT_TRUE(std::isnan(trace.Get("chains").values[2]));
  EXPECT_THAT(trace.Get("chain_kind.csc").values, ElementsAre(1, 0, IsNan()));
  EXPECT_THAT(trace.Get("chain_kind.vsc").values, ElementsAre(0, 1, IsNan()));
}

TEST(ImportNfvbench, SaysWhereAndWhatIsWrong) {
  const std::string header = kHeader;
  EXPECT_EQ(ImportFailure("nfvbench", "file,day\na,b\n"),
            "trace.csv:1:6: error: column 2 is 'day'; expected 'date'");
  EXPECT_EQ(ImportFailure("nfvbench", header + "a,2018-12-08 04:26:17,64,mean,"
                                               "1,,,0,254\n"),
            "trace.csv:2:26: error: kind 'mean'; expected ndr_pdr, ndr, pdr, "
            "ndr_final or pdr_final");
  EXPECT_EQ(ImportFailure("nfvbench",
                          header + "a,yesterday,64,ndr_final,1,,,0,254\n"),
            "trace.csv:2:3: error: column 'date': 'yesterday' is not "
            "YYYY-MM-DD HH:MM:SS");
  EXPECT_EQ(ImportFailure("nfvbench", header + "a,2018-12-08 04:26:17,64,"
                                               "ndr_final,1,,,0\n"),
            "trace.csv:2: error: 8 cells; the header has 9");
  EXPECT_EQ(ImportFailure("nfvbench", header),
            "trace.csv:1: error: there is no row of values below the header");
}

}  // namespace
}  // namespace airlock
