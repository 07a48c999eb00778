#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "calibration/traces/pcm_server.h"
#include "calibration/traces/pcm_stream.h"
#include "calibration/traces/perf_stream.h"
#include "tests/support/import_text.h"

// Tools that are still running, read in pieces: the same as their files.
namespace airlock {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::ImportText;

constexpr const char* kPcmHeader =
    "System,System,Socket 0,Socket 0,SKT0 Core C-State,Core7 (Socket 0),\n"
    "Date,Time,IPC,L3OCC,C6res%,L2MISS,\n";

std::string PcmRow(int second, const std::string& occupancy = "17280") {
  return fmt::format("2024-03-05,09:30:{:02}.5,{},{},25.0,5.0,", second,
                     1 + 0.01 * second, occupancy);
}

// All samples that a stream gives for the text in pieces of `size` bytes.
template <typename Stream>
Trace InPieces(const std::string& text, size_t size) {
  Stream stream("tool");
  Trace all;
  for (size_t at = 0; at < text.size(); at += size) {
    const Trace rows = stream.Take(std::string_view(text).substr(at, size));
    if (all.columns.empty()) all.columns = rows.columns;
    if (all.samples() == 0)
      all = rows;
    else {
      for (int64_t i = 0; i < rows.samples(); ++i) {
        all.time_seconds.push_back(rows.time_seconds[i]);
        for (size_t c = 0; c < all.columns.size(); ++c) {
          all.columns[c].values.push_back(rows.columns[c].values[i]);
        }
      }
    }
  }
  return all;
}

// The time of the first sample aside, which importers make 0.
void ExpectSame(const Trace& streamed, const Trace& imported) {
  ASSERT_EQ(streamed.samples(), imported.samples());
  ASSERT_EQ(streamed.columns.size(), imported.columns.size());
  for (size_t c = 0; c < imported.columns.size(); ++c) {
    const Column& a = streamed.columns[c];
    const Column& b = imported.columns[c];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.unit, b.unit);
    EXPECT_EQ(a.scope_id, b.scope_id);
    for (size_t i = 0; i < b.values.size(); ++i) {
      if (std::isnan(b.values[i]))
        EXPECT_TRUE(std::isnan(a.values[i]));
      else
        EXPECT_EQ(a.values[i], b.values[i]) << b.name << " " << i;
    }
  }
  for (size_t i = 1; i < imported.time_seconds.size(); ++i) {
    EXPECT_NEAR(streamed.time_seconds[i] - streamed.time_seconds[0],
                imported.time_seconds[i] - imported.time_seconds[0], 1e-6);
  }
}

TEST(PcmStreamTest, EqualsTheFileHoweverItIsCut) {
  // pcm writes a line end before a row rather than behind it.
  const std::string text =
      kPcmHeader + PcmRow(1) + "\n" + PcmRow(2, "N/A") + "\n" + PcmRow(3);
  const Trace imported = ImportText("pcm", text);
  for (const size_t size : {size_t{1}, size_t{7}, text.size()}) {
    ExpectSame(InPieces<PcmStream>(text, size), imported);
  }
}

TEST(PcmStreamTest, ARowCountsWithItsLastSeparator) {
  PcmStream stream("pcm");
  EXPECT_EQ(stream.Take(kPcmHeader).samples(), 0);
  const std::string row = PcmRow(1);
  EXPECT_EQ(stream.Take(row.substr(0, row.size() - 1)).samples(), 0);
  EXPECT_EQ(stream.Take(",").samples(), 1);
  EXPECT_EQ(stream.Take("\n").samples(), 0);
}

TEST(PcmStreamTest, PassesOverTheGreeting) {
  const std::string text =
      std::string(" Intel(r) Processor Counter Monitor\n\nLink 3 is off\n") +
      kPcmHeader + PcmRow(1) + "\n";
  EXPECT_EQ(InPieces<PcmStream>(text, 5).samples(), 1);
}

TEST(PcmStreamTest, NamesLineAndColumnAfterTheRowsBefore) {
  PcmStream stream("pcm");
  const Trace rows =
      stream.Take(kPcmHeader + PcmRow(1) + "\n" + PcmRow(2, "xyz") + "\n");
  EXPECT_EQ(rows.samples(), 1);
  EXPECT_THAT(ErrorOf([&] { stream.Take(""); }),
              HasSubstr("pcm:4:28: error: column 'socket.0.l3occ'"));
}

TEST(PcmStreamTest, RefusesWhatIsNoCsv) {
  PcmStream stream("pcm");
  std::string text;
  for (int i = 0; i < 1100; ++i) text += "no such file or directory\n";
  EXPECT_THAT(ErrorOf([&] { stream.Take(text); }),
              HasSubstr("no header of `pcm -csv`"));
}

std::string PerfInterval(const std::string& time, int value) {
  return fmt::format(
      "     {0},{1},msec,cpu-clock,1156171,50.00,0.006,CPUs utilized\n"
      "     {0},{2},,context-switches,1156171,100.00,1.734,K/sec\n"
      "     {0},<not supported>,,cycles,0,100.00,,\n",
      time, value + 0.5, value);
}

TEST(PerfStreamTest, EqualsTheFileHoweverItIsCut) {
  const std::string text = "# started on Sun Nov 22 21:03:00 2026\n\n" +
                           PerfInterval("1.000101", 3) +
                           PerfInterval("2.000202", 4) +
                           PerfInterval("3.000303", 5);
  const Trace imported = ImportText("perf", text);
  ASSERT_EQ(imported.samples(), 3);
  for (const size_t size : {size_t{1}, size_t{50}, text.size()}) {
    ExpectSame(InPieces<PerfStream>(text, size), imported);
  }
}

TEST(PerfStreamTest, AnIntervalCountsWithItsLastLine) {
  PerfStream stream("perf");
  // How many lines there are shows when the second interval begins.
  EXPECT_EQ(stream.Take(PerfInterval("1.0", 1)).samples(), 0);
  EXPECT_EQ(stream.Take(PerfInterval("2.0", 2)).samples(), 2);
  EXPECT_EQ(stream.Take(PerfInterval("3.0", 3)).samples(), 1);
}

TEST(PerfStreamTest, NamesACounterThatAppears) {
  PerfStream stream("perf");
  stream.Take(PerfInterval("1.0", 1) + PerfInterval("2.0", 2));
  stream.Take("3.0,7,,instructions,1,100.00,,\n3.0,7,,cycles,1,100.00,,\n");
  EXPECT_THAT(
      ErrorOf([&] { stream.Take("3.0,7,,context-switches,1,100.00,,\n"); }),
      HasSubstr("counter 'system.instructions' was not in the first interval"));
}

TEST(PerfStreamTest, RefusesAClockThatJumpsBackAndOtherText) {
  PerfStream stream("perf");
  stream.Take(PerfInterval("1.0", 1) + PerfInterval("2.0", 2));
  EXPECT_THAT(ErrorOf([&] { stream.Take(PerfInterval("1.5", 3)); }),
              HasSubstr("time 1.5 s does not come after 2.0 s"));
  PerfStream other("perf");
  EXPECT_THAT(ErrorOf([&] {
                other.Take("Error: no permission\nError: no permission\n");
                other.Take("1.0,2,,cycles,1,100.00,,\n");
              }),
              HasSubstr("expected the interval's time in seconds"));
}

constexpr const char* kServerAnswer = R"({
  "Interval us" : 1000000, "Object" : "SystemRoot", "Number of sockets" : 1,
  "Sockets" : [{"Object" : "Socket", "Socket ID" : 0, "Number of cores" : 1,
    "Cores" : [{"Object" : "Core", "Number of threads" : 1, "Threads" : [
      {"Object" : "HyperThread", "Thread ID" : 0, "OS ID" : 7,
       "Core Counters" : {"Instructions Retired Any" : 3000,
         "Clock Unhalted Thread" : 1500, "Clock Unhalted Ref" : 1000,
         "L3 Cache Misses" : 10, "L3 Cache Hits" : 30,
         "L3 Cache Occupancy" : 17280, "Invariant TSC" : 2000,
         "A New Counter" : 5},
       "Energy Counters" : {"Thermal Headroom" : 41,
         "CStateResidency[6]" : -nan},
       "Core Memory Bandwidth Counters" : {"Local Memory Bandwidth" : 2}}],
      "Tile ID" : 0, "Core ID" : 3, "Socket ID" : 0}],
    "Uncore" : {"Object" : "ServerUncore", "Uncore Counters" :
      {"DRAM Reads" : 44, "Package Joules Consumed" : 77.5,
       "CStateResidency[6]" : 0.5}},
    "Core Aggregate" : {"Core Counters" : {"Instructions Retired Any" : 3000},
      "Energy Counters" : {"CStateResidency[6]" : 0.25}}}],
  "QPI/UPI Links" : {"QPI Counters Socket 0" :
    {"Incoming Data Traffic On Link 1" : 640}},
  "Core Aggregate" : {"Core Counters" : {"Instructions Retired Any" : 3000}},
  "Uncore Aggregate" : {"Uncore Counters" : {"DRAM Writes" : 12}}})";

TEST(PcmServerTest, GivesTheNamesOfTheImporter) {
  const Trace trace = ReadPcmServerSample(kServerAnswer, "server", 12.5);
  trace.Validate();
  EXPECT_THAT(trace.time_seconds, ElementsAre(12.5));
  const auto value = [&](const char* name) {
    return trace.Get(name).values.front();
  };
  EXPECT_EQ(value("core.7.inst"), 3000);
  EXPECT_EQ(value("core.7.ipc"), 2);
  EXPECT_EQ(value("core.7.exec"), 1.5);
  EXPECT_EQ(value("core.7.freq"), 0.75);
  EXPECT_EQ(value("core.7.afreq"), 1.5);
  EXPECT_EQ(value("core.7.l3hit"), 0.75);
  EXPECT_EQ(value("core.7.l3occ"), 17280 * 1024.0);
  EXPECT_EQ(trace.Get("core.7.l3occ").unit, "B");
  EXPECT_EQ(trace.Get("core.7.l3occ").scope, Scope::kCore);
  EXPECT_EQ(value("core.7.lmb"), 2 * 1048576.0);
  EXPECT_EQ(value("core.7.a_new_counter"), 5);
  EXPECT_TRUE(std::isnan(value("core.7.c6res")));
  EXPECT_EQ(value("socket.0.core_c6res"), 0.25);
  EXPECT_EQ(value("socket.0.package_c6res"), 0.5);
  EXPECT_EQ(value("socket.0.read"), 44);
  EXPECT_EQ(value("socket.0.proc_energy"), 77.5);
  EXPECT_EQ(value("socket.0.data_in_upi1"), 640);
  EXPECT_EQ(value("system.inst"), 3000);
  EXPECT_EQ(value("system.write"), 12);
  // The same names and units as in pcm's file.
  const Trace file = ImportText("pcm", kPcmHeader + PcmRow(1) + "\n");
  for (const char* name : {"socket.0.core_c6res"}) {
    EXPECT_EQ(trace.Get(name).unit, file.Get(name).unit);
  }
}

TEST(PcmServerTest, SaysWhatIsMissing) {
  const auto error = [](const std::string& text) {
    return ErrorOf([&] { ReadPcmServerSample(text, "server", 0); });
  };
  EXPECT_THAT(error("<html>"), HasSubstr("server: not JSON at line 1"));
  EXPECT_THAT(error("{}"), HasSubstr("the answer: has no 'Sockets'"));
  EXPECT_THAT(error(R"({"Sockets": [{"Socket ID": 0}]})"),
              HasSubstr("Sockets[0]: has no 'Core Aggregate'"));
  EXPECT_THAT(error(R"({"Sockets": [{"Socket ID": 0, "Core Aggregate":
                        {"Core Counters": {"SMI Count": "many"}}}]})"),
              HasSubstr("'SMI Count' is \"many\"; expected a number"));
}

}  // namespace
}  // namespace airlock
