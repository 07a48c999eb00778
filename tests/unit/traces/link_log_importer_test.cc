#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "tests/support/import_text.h"
#include "tests/support/measured_data.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ImportFailure;
using testing::ImportFailureIn;
using testing::ImportText;
using testing::TemporaryFolder;
using testing::WriteText;

const char kHeader[] =
    "senderId,receiverId,systime,receiverDist,receiverX,receiverY,receiverAlt,"
    "receiverSpeed,channelFreq,channelBw,channelUtil,isInLap,isIperfOn,"
    "rssiMean,dataRateMean,nBytesReceived\n";

// A row of ap1 to w2 on 2437 MHz.
std::string Row(int second, const std::string& utilisation,
                const std::string& heard, const std::string& pair = "ap1,w2") {
  return pair + "," + std::to_string(second) +
         ",22.5,20.5,-9.25,123.8,4.5,2437,20," + utilisation + ",1.0,1.0," +
         heard + "\n";
}

TEST(ImportLinkLog, TurnsPairsIntoColumnsInBaseUnits) {
  const Trace trace =
      ImportText("link-log", kHeader + Row(1000, "85.5", "-50.5,69.5,1000000") +
                                 Row(1002, "80", "-51,65,500000") +
                                 Row(1000, "50", "-70,13,1000", "ap2,m1"));
  EXPECT_THAT(trace.time_seconds, ElementsAre(0, 2));
  EXPECT_EQ(trace.Attribute("time_zero"), "1000.000");
  EXPECT_EQ(trace.Attribute("pairs"), "2");
  const Column& rssi = trace.Get("station.ap1.w2.rssi");
  EXPECT_EQ(rssi.scope, Scope::kStation);
  EXPECT_EQ(rssi.scope_id, "ap1.w2");
  EXPECT_EQ(rssi.unit, "dBm");
  EXPECT_EQ(rssi.role, Role::kKpi);
  EXPECT_THAT(rssi.values, ElementsAre(-50.5, -51));
  EXPECT_EQ(trace.Get("station.ap1.w2.rate").values[0], 69.5e6);
  EXPECT_EQ(trace.Get("station.ap1.w2.goodput").values[0], 8e6);
  EXPECT_EQ(trace.Get("station.ap1.w2.bytes").values[1], 500000);
  EXPECT_DOUBLE_EQ(trace.Get("station.ap1.w2.utilisation").values[0], 0.855);
  EXPECT_EQ(trace.Get("station.ap1.w2.frequency").values[0], 2.437e9);
  EXPECT_EQ(trace.Get("station.ap1.w2.width").values[0], 20e6);
  EXPECT_EQ(trace.Get("station.ap1.w2.distance").unit, "m");
  EXPECT_EQ(trace.Get("station.ap2.m1.rssi").values[0], -70);
  EXPECT_TRUE(std::isnan(trace.Get("station.ap2.m1.rssi").values[1]));
}

TEST(ImportLinkLog, ASecondWithoutAFrameHasNeitherRssiNorRate) {
  const Trace trace =
      ImportText("link-log", kHeader + Row(1000, "85", "-100,0,0") +
                                 Row(1001, "", "-100.0,0.0,60") +
                                 Row(1002, "85", "-99.5,6.5,60"));
  const Column& rssi = trace.Get("station.ap1.w2.rssi");
  EXPECT_EQ(rssi.CountMissing(), 2);
  EXPECT_EQ(rssi.values[2], -99.5);
  EXPECT_EQ(trace.Get("station.ap1.w2.rate").CountMissing(), 2);
  EXPECT_THAT(trace.Get("station.ap1.w2.goodput").values,
              ElementsAre(0, 480, 480));
  EXPECT_TRUE(std::isnan(trace.Get("station.ap1.w2.utilisation").values[1]));
  EXPECT_EQ(trace.Attribute("pair_seconds_without_frame"), "2");
  EXPECT_EQ(trace.Attribute("pair_seconds_without_frame_but_bytes"), "1");
  EXPECT_EQ(trace.Attribute("pair_seconds_without_utilisation"), "1");
  EXPECT_EQ(trace.Attribute("pair_seconds_with_frame_but_no_rate"), "0");
}

TEST(ImportLinkLog, DropsRepeatedRowsAndRestoresOrder) {
  const Trace trace =
      ImportText("link-log", kHeader + Row(1001, "85", "-50,6.5,1") +
                                 Row(1000, "85", "-60,6.5,1") +
                                 Row(1001, "85", "-50,6.5,1"));
  EXPECT_THAT(trace.Get("station.ap1.w2.rssi").values, ElementsAre(-60, -50));
  EXPECT_EQ(trace.Attribute("rows"), "3");
  EXPECT_EQ(trace.Attribute("rows_repeated"), "1");
  EXPECT_EQ(trace.Attribute("rows_out_of_order"), "1");
}

TEST(ImportLinkLog, SaysWhatIsWrongWhere) {
  EXPECT_EQ(ImportFailure("link-log", kHeader + Row(1000, "85", "-50,6.5,1") +
                                          Row(1000, "85", "-51,6.5,1")),
            "trace.csv:3: error: another row of the same pair and second than "
            "line 2");
  EXPECT_EQ(ImportFailure("link-log", kHeader + Row(1000, "85", "50,6.5,1")),
            "trace.csv:2:58: error: rssiMean is 50; -150 to 30 is possible");
  EXPECT_THAT(ImportFailure("link-log", kHeader + Row(1000, "85", "x,6.5,1")),
              HasSubstr("trace.csv:2:58: error: "));
  EXPECT_EQ(ImportFailure("link-log", kHeader),
            "trace.csv: error: there is no row below the header");
  EXPECT_THAT(ImportFailure("link-log", "time,rssi\n1,-50\n"),
              HasSubstr("trace.csv:1: error: no column is named 'senderId'"));
  EXPECT_THAT(
      ImportFailure("link-log", ",timestamp,freq,noise,cat\n0,1,2,3,4\n"),
      HasSubstr("no column is named 'senderId'"));
  std::string half = kHeader + Row(1000, "85", "-50,6.5,1");
  half.replace(half.find("1000"), 4, "10.5");
  EXPECT_THAT(ImportFailure("link-log", half),
              HasSubstr("systime is not a whole second"));
  EXPECT_THAT(ImportFailure("link-log", kHeader + std::string("ap1,w2,1\n")),
              HasSubstr("trace.csv:2: error: 3 cells; the header has 16"));
}

// A counter that starts again gives shares that cannot be.
TEST(ImportLinkLog, AnImpossibleUtilisationIsMissingAndTold) {
  const Trace trace = ImportText(
      "link-log",
      kHeader + Row(1000, "85", "-50,6.5,1") + Row(1001, "140", "-50,6.5,1") +
          Row(1002, "-3", "-50,6.5,1") + Row(1003, "104", "-50,6.5,1"));
  const Column& utilisation = trace.Get("station.ap1.w2.utilisation");
  EXPECT_EQ(utilisation.values[0], 0.85);
  EXPECT_TRUE(std::isnan(utilisation.values[1]));
  EXPECT_TRUE(std::isnan(utilisation.values[2]));
  EXPECT_EQ(utilisation.values[3], 1);
  EXPECT_EQ(trace.Attribute("pair_seconds_with_utilisation_cut_to_1"), "1");
  EXPECT_EQ(trace.Attribute("pair_seconds_with_impossible_utilisation"), "2");
  EXPECT_EQ(trace.Attribute("warnings"),
            "2 pair-seconds have an impossible utilisation (first: channelUtil "
            "140 in line 3; 0 to 105 is possible) and count as missing");
}

TEST(ImportLinkLog, TakesOtherNamesColumnsAndOrders) {
  // As pandas writes it, with an index; times as decimals, no position.
  const Trace trace = ImportText(
      "link-log",
      ",rssiMean,receiverId,senderId,systime,nBytesReceived,receiverDist,"
      "channelFreq,laptop\n"
      "0,-61.5,laptop 7,north,1000.0,125,33.5,5190,x\n"
      "1,-100,laptop 7,north,1001.0,0,34,5190,x\n");
  EXPECT_EQ(trace.Get("station.north.laptop 7.goodput").values[0], 1000);
  EXPECT_EQ(trace.Get("station.north.laptop 7.rssi").CountMissing(), 1);
  EXPECT_EQ(trace.Get("station.north.laptop 7.frequency").values[1], 5.19e9);
  EXPECT_EQ(trace.Find("station.north.laptop 7.rate"), nullptr);
  EXPECT_EQ(trace.Find("station.north.laptop 7.x"), nullptr);
  EXPECT_EQ(trace.Find("station.north.laptop 7.utilisation"), nullptr);
  EXPECT_THAT(ImportFailure("link-log",
                            "rssiMean,receiverId,senderId,systime,"
                            "nBytesReceived,channelFreq\n"),
              HasSubstr("no column is named 'receiverDist'"));
}

TEST(ImportLinkLog, AMissingFileIsAnError) {
  const TemporaryFolder folder;
  EXPECT_THAT(ImportFailureIn(folder, "link-log", "link-log-9.csv"),
              HasSubstr("link-log-9.csv"));
  WriteText(folder / "link-log-9.csv", "");
  EXPECT_THAT(ImportFailureIn(folder, "link-log", "link-log-9.csv"),
              HasSubstr("link-log-9.csv"));
}

std::string Survey(int from, int to) {
  std::string text = ",timestamp,freq,noise,cat,cbt,crt,ctt,ch-util,id\n";
  for (int t = from; t <= to; t += 2) {
    // Busy half of the time until 1010, then all of it.
    const int busy =
        t <= 1010 ? (t - from) * 500 : (1010 - from) * 500 + (t - 1010) * 1000;
    text += "0," + std::to_string(t) + ",2437,-95," +
            std::to_string((t - from) * 1000) + "," + std::to_string(busy) +
            ",0,0,0,ap1\n";
  }
  return text;
}

std::string Log(int from, int to) {
  std::string text = kHeader;
  for (int t = from; t <= to; ++t) text += Row(t, "50", "-50,6.5,1");
  return text;
}

TEST(ImportLinkLog, AFolderJoinsTheSurveyOfItsAccessPoints) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "trace-7");
  WriteText(folder / "link-log-7.csv", Log(1000, 1015));
  WriteText(folder / "trace-7/cbt.csv", Survey(1000, 1014));
  const Trace trace = ImportTrace("link-log", folder / "trace-7");
  const Column& busy = trace.Get("ap.ap1.airtime_busy");
  ASSERT_EQ(busy.values.size(), 16u);
  EXPECT_TRUE(std::isnan(busy.values[0]));  // no reading before
  EXPECT_EQ(busy.values[1], 0.5);
  EXPECT_EQ(busy.values[10], 0.5);
  EXPECT_EQ(busy.values[11], 1);  // of the reading at 1012
  EXPECT_EQ(busy.values[14], 1);
  EXPECT_TRUE(std::isnan(busy.values[15]));  // no reading after
  EXPECT_EQ(trace.Attribute("survey.counter_resets"), "0");
  // The same from the folder that has both.
  EXPECT_EQ(ImportTrace("link-log", folder.path()).Digest(), trace.Digest());
  // The same without the survey, and from inside the folder.
  std::filesystem::remove(folder / "trace-7/cbt.csv");
  EXPECT_EQ(ImportTrace("link-log", folder / "trace-7/").columns.size(), 14u);
  std::filesystem::rename(folder / "link-log-7.csv",
                          folder / "trace-7/link-log-7.csv");
  EXPECT_EQ(ImportTrace("link-log", folder / "trace-7").columns.size(), 14u);
}

TEST(ImportLinkLog, AFolderThatDoesNotFitIsAnError) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "trace-7");
  EXPECT_EQ(ImportFailureIn(folder, "link-log", "trace-7"),
            "trace-7: there is neither a link-log*.csv in the folder nor "
            "'link-log-7.csv' beside it");
  WriteText(folder / "trace-7/link-log-7.csv", Log(1000, 1010));
  WriteText(folder / "trace-7/cbt.csv", Survey(5000, 5010));
  EXPECT_EQ(ImportFailureIn(folder, "link-log", "trace-7"),
            "trace-7/cbt.csv: the survey (5000 to 5010 s) and the link log "
            "(1000 to 1010 s) have no time in common");
  WriteText(folder / "trace-7/link-log-8.csv", Log(1000, 1010));
  EXPECT_THAT(ImportFailureIn(folder, "link-log", "trace-7"),
              HasSubstr("more than one link log"));
}

TEST(ImportLinkLog, WarnsWhenTheClocksDiffer) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "trace-7");
  std::string log = kHeader;
  for (int t = 1000; t < 1200; ++t) {
    log += Row(t, (t + 3) / 10 % 2 == 0 ? "20" : "80", "-50,6.5,1");
  }
  std::string survey = ",timestamp,freq,noise,cat,cbt,crt,ctt,ch-util,id\n";
  int busy = 0;
  for (int t = 1000; t < 1200; ++t) {
    busy += t / 10 % 2 == 0 ? 200 : 800;
    survey += "0," + std::to_string(t) + ",2437,-95," +
              std::to_string((t - 1000) * 1000) + "," + std::to_string(busy) +
              ",0,0,0,ap1\n";
  }
  WriteText(folder / "link-log-7.csv", log);
  WriteText(folder / "trace-7/cbt.csv", survey);
  const Trace trace = ImportTrace("link-log", folder / "trace-7");
  EXPECT_EQ(trace.Attribute("survey_clock_offset_seconds"), "3");
  EXPECT_THAT(trace.Attribute("warnings"), HasSubstr("3 s later"));
}

// 4 pairs, 2193 s; the counts are those of an independent reading (pandas).
TEST(ImportLinkLog, ReadsTheMeasuredSet) {
  AIRLOCK_MEASURED_OR_SKIP(path, "wifi-mobility/trace-082");
  const Trace trace = ImportTrace("link-log", path);
  EXPECT_EQ(trace.samples(), 2193);
  EXPECT_EQ(trace.Attribute("rows"), "8772");
  EXPECT_EQ(trace.Attribute("pairs"), "4");
  EXPECT_EQ(trace.Attribute("rows_repeated"), "0");
  EXPECT_EQ(trace.Attribute("survey_clock_offset_seconds"), "0");
  const Column& rssi = trace.Get("station.ap1.w2.rssi");
  EXPECT_NEAR(rssi.values[0], -50.31746, 1e-9);
  // ath10k's transmit time starts again at each reading; ath9k's does not.
  EXPECT_GT(
      trace.samples() - trace.Get("ap.ap4.airtime_transmit").CountMissing(),
      1000);
  EXPECT_NE(
      trace.Attribute("survey.counter_of_interval.ap.ap4.airtime_transmit"),
      "");
  EXPECT_EQ(
      trace.Attribute("survey.counter_of_interval.ap.ap1.airtime_transmit"),
      "");
}

}  // namespace
}  // namespace airlock
