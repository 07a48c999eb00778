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

const char kHeader[] =
    ",timestamp,freq,noise,cat,cbt,crt,ctt,ch-util,id,mac-addr\n";

std::string Row(const std::string& values, const std::string& id = "ap1") {
  return "0," + values + ",9," + id + ",00:11\n";
}

TEST(ImportSurvey, TurnsCumulativeTimesIntoSharesOfTheInterval) {
  const Trace trace =
      ImportText("survey", kHeader + Row("1000,5240,-101,1000,500,100,50") +
                               Row("1002,5240,-100,3000,1500,600,150") +
                               Row("1001,2437,-90,9000,0,0,0", "ap2"));
  EXPECT_THAT(trace.time_seconds, ElementsAre(0, 1, 2));
  EXPECT_EQ(trace.Attribute("time_zero"), "1000.000");
  const Column& busy = trace.Get("ap.ap1.airtime_busy");
  EXPECT_EQ(busy.scope, Scope::kAccessPoint);
  EXPECT_EQ(busy.unit, "1");
  EXPECT_TRUE(std::isnan(busy.values[0]));
  EXPECT_TRUE(std::isnan(busy.values[1]));
  EXPECT_EQ(busy.values[2], 0.5);
  EXPECT_EQ(trace.Get("ap.ap1.airtime_receive").values[2], 0.25);
  EXPECT_EQ(trace.Get("ap.ap1.airtime_transmit").values[2], 0.05);
  EXPECT_EQ(trace.Get("ap.ap1.noise").values[2], -100);
  EXPECT_EQ(trace.Get("ap.ap2.noise").values[1], -90);
  EXPECT_EQ(trace.Get("ap.ap1.frequency").values[0], 5.24e9);
}

TEST(ImportSurvey, LeavesIntervalsOverAResetOrChannelChangeMissing) {
  const Trace trace = ImportText(
      "survey", kHeader + Row("10,5240,-101,48000,40000,0,0") +
                    Row("12,5240,-101,1000,500,0,0") +  // reset
                    Row("14,5240,-101,3000,1500,0,0") +
                    Row("16,5180,-101,5000,2500,0,0") +  // other channel
                    Row("18,5180,-101,9999999,0,0,0"));  // jump
  const Column& busy = trace.Get("ap.ap1.airtime_busy");
  EXPECT_TRUE(std::isnan(busy.values[1]));
  EXPECT_EQ(busy.values[2], 0.5);
  EXPECT_TRUE(std::isnan(busy.values[3]));
  EXPECT_TRUE(std::isnan(busy.values[4]));
  EXPECT_EQ(trace.Attribute("counter_resets"), "3");
}

TEST(ImportSurvey, LeavesACounterThatDoesNotAccumulateMissing) {
  std::string text = kHeader;
  for (int i = 0; i < 20; ++i) {
    text += Row(std::to_string(100 + i) + ",5240,-101," +
                std::to_string(1000 * i) + "," + std::to_string(900 * i) +
                ",0," + std::to_string(2000 - 100 * (i % 5)));
  }
  const Trace trace = ImportText("survey", text);
  EXPECT_EQ(trace.Get("ap.ap1.airtime_transmit").CountMissing(), 20);
  EXPECT_EQ(trace.Get("ap.ap1.airtime_busy").CountMissing(), 1);
  EXPECT_EQ(trace.Get("ap.ap1.airtime_busy").values[7], 0.9);
  EXPECT_THAT(trace.Attribute("warnings"),
              HasSubstr("ap.ap1.airtime_transmit: the counter falls although"));
}

TEST(ImportSurvey, TakesACounterThatStartsAgainAtEachReading) {
  // ath10k's transmit time: of the interval, never longer than it.
  std::string text = kHeader;
  for (int i = 0; i < 20; ++i) {
    text += Row(std::to_string(100 + 2 * i) + ",5240,-101," +
                std::to_string(2000 * i) + "," + std::to_string(1800 * i) +
                ",0," + std::to_string(1500 - 100 * (i % 5)));
  }
  const Trace trace = ImportText("survey", text);
  const Column& transmit = trace.Get("ap.ap1.airtime_transmit");
  EXPECT_EQ(transmit.CountMissing(), 1);
  EXPECT_EQ(transmit.values[5], 0.75);
  EXPECT_EQ(transmit.values[6], 0.7);
  EXPECT_EQ(trace.Get("ap.ap1.airtime_busy").values[7], 0.9);
  EXPECT_EQ(trace.Attribute("counter_of_interval.ap.ap1.airtime_transmit"),
            "the counter starts again at each reading");
}

TEST(ImportSurvey, RestoresTheOrderOfPastedLogs) {
  const Trace trace =
      ImportText("survey", kHeader + Row("1002,5240,-101,3000,1500,0,0") +
                               Row("1004,5240,-101,5000,2500,0,0") +
                               Row("1000,5240,-101,1000,500,0,0") +
                               Row("1002,5240,-101,3000,1500,0,0"));
  EXPECT_EQ(trace.samples(), 3);
  EXPECT_EQ(trace.Get("ap.ap1.airtime_busy").values[1], 0.5);
  EXPECT_EQ(trace.Attribute("rows_out_of_order"), "1");
  EXPECT_EQ(trace.Attribute("rows_repeated"), "1");
}

TEST(ImportSurvey, ReadsRepeatedDumps) {
  const std::string dump =
      "Survey data from wlan0\n"
      "\tfrequency:\t\t\t2412 MHz\n"
      "\tnoise:\t\t\t\t-92 dBm\n"
      "\tchannel active time:\t\t5 ms\n"
      "Survey data from wlan0\n"
      "\tfrequency:\t\t\t5240 MHz [in use]\n"
      "\tnoise:\t\t\t\t-101 dBm\n";
  const Trace trace =
      ImportText("survey", "1548780468.5\n" + dump +
                               "\tchannel active time:\t\t1000 ms\n" +
                               "\tchannel busy time:\t\t500 ms\n" +
                               "\textension channel busy time:\t\t1 ms\n" +
                               "# 2019-01-29T16:47:50.5Z\n" + dump +
                               "\tchannel active time:\t\t3000 ms\n" +
                               "\tchannel busy time:\t\t1000 ms\n" +
                               "\tchannel receive time:\t\t7 ms\n");
  EXPECT_THAT(trace.time_seconds, ElementsAre(0, 2));
  EXPECT_EQ(trace.Get("ap.wlan0.airtime_busy").values[1], 0.25);
  EXPECT_EQ(trace.Get("ap.wlan0.airtime_receive").CountMissing(), 2);
  EXPECT_EQ(trace.Get("ap.wlan0.frequency").values[1], 5.24e9);
}

TEST(ImportSurvey, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(ImportFailure("survey", "timestamp,freq\n1,2\n"),
            "trace.csv:1: error: no column is named 'noise'");
  EXPECT_EQ(ImportFailure("survey", kHeader + Row("1,5240,-101,1,2,3,4x")),
            "trace.csv:2:21: error: column 'ctt': '4x' is not a number");
  EXPECT_EQ(ImportFailure("survey", kHeader + Row("1,5240,-101,1,2,3")),
            "trace.csv:2: error: 10 cells; the header has 11");
  EXPECT_EQ(ImportFailure("survey", kHeader + Row("1,5240,-101,1,2,3,4") +
                                        Row("1,5240,-101,1,2,3,5")),
            "trace.csv:3:1: error: another survey of the same AP at the same "
            "time than in line 2");
  EXPECT_EQ(ImportFailure("survey", "Survey data from wlan0\n"),
            "trace.csv:1:1: error: a dump without a time: write one line with "
            "the time above each");
  EXPECT_EQ(ImportFailure("survey",
                          "5\nSurvey data from wlan0\n"
                          "\tfrequency: 5240 kHz [in use]\n"),
            "trace.csv:3:1: error: frequency: '5240 kHz' is not a number of "
            "MHz");
  EXPECT_EQ(ImportFailure("survey", "5\n4\n"),
            "trace.csv:2:1: error: time 4 s does not come after 5 s of the row "
            "before");
  EXPECT_EQ(ImportFailure("survey", "5\nnonsense\n"),
            "trace.csv:2:1: error: 'nonsense' is neither a time, nor 'Survey "
            "data from ...', nor 'KEY: VALUE' below it");
  EXPECT_EQ(ImportFailure("survey", "5\n"),
            "trace.csv: error: there is no survey of a channel in use in the "
            "file");
}

}  // namespace
}  // namespace airlock
