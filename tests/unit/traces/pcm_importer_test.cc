#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/import_text.h"

namespace airlock {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ImportFailure;
using testing::ImportText;

std::string WithSeparator(std::string text, char separator) {
  for (char& c : text) {
    if (c == ',') c = separator;
  }
  return text;
}

// The four shapes of one file: groups repeated or written once, cells ended by
// comma or semicolon; the rows end with the separator.
struct Shape {
  const char* name;
  bool repeated;
  char separator;
};

class PcmShape : public ::testing::TestWithParam<Shape> {};

TEST_P(PcmShape, GivesTheSameTrace) {
  const std::string groups =
      GetParam().repeated
          ? "System,System,System,System,Socket 0,Socket 0,Socket 0,Socket 0,"
            "SKT0 Core C-State,SKT0 Package C-State,Proc Energy (Joules),"
            "Core7 (Socket 0),Core7 (Socket 0),\n"
          : "System,,,,Socket 0,,,,SKT0 Core C-State,SKT0 Package C-State,"
            "Proc Energy (Joules),Core7 (Socket 0),,\n";
  const std::string text =
      groups +
      "Date,Time,EXEC,INST,L3MISS,L3OCC,READ,TEMP,C6res%,C6res%,SKT0,IPC,"
      "L2MISS,\n"
      "2024-03-05,09:30:52.932,0.20,2.5,0.13, 17280,0.44,41,25.00,50.0,77.32 ,"
      "3.14,5.00,\n"
      "2024-03-05,09:30:53.932,0.19,2.6,0.12,N/A,0.54,N/A,24.00,51.0,80.55 ,"
      "2.94,5.44,\n";
  const Trace trace =
      ImportText("pcm", WithSeparator(text, GetParam().separator));
  EXPECT_THAT(trace.time_seconds, ElementsAre(0, DoubleEq(1)));
  EXPECT_EQ(trace.Attribute("time_zero"), "1709631052.932");
  ASSERT_EQ(trace.columns.size(), 11u);
  EXPECT_THAT(trace.Get("system.exec").values, ElementsAre(0.2, 0.19));
  EXPECT_THAT(trace.Get("system.inst").values, ElementsAre(2.5e6, 2.6e6));
  const Column& misses = trace.Get("socket.0.l3miss");
  EXPECT_EQ(misses.unit, "1");
  EXPECT_EQ(misses.scope, Scope::kSocket);
  EXPECT_EQ(misses.scope_id, "0");
  EXPECT_THAT(misses.values, ElementsAre(130000, 120000));
  EXPECT_EQ(trace.Get("socket.0.l3occ").values[0], 17280 * 1024);
  EXPECT_EQ(trace.Get("socket.0.l3occ").CountMissing(), 1);
  EXPECT_EQ(trace.Get("socket.0.read").values[0], 0.44e9);
  EXPECT_EQ(trace.Get("socket.0.read").unit, "B");
  EXPECT_EQ(trace.Get("socket.0.temp").CountMissing(), 1);
  EXPECT_EQ(trace.Get("socket.0.core_c6res").values[0], 0.25);
  EXPECT_EQ(trace.Get("socket.0.package_c6res").values[0], 0.5);
  EXPECT_EQ(trace.Get("socket.0.proc_energy").values[0], 77.32);
  EXPECT_EQ(trace.Get("socket.0.proc_energy").unit, "J");
  EXPECT_EQ(trace.Get("core.7.ipc").scope, Scope::kCore);
  EXPECT_EQ(trace.Get("core.7.l2miss").values[1], 5.44e6);
  EXPECT_EQ(trace.Attribute("missing_values"), "2");
  EXPECT_EQ(trace.Attribute("warnings"), "");
}

INSTANTIATE_TEST_SUITE_P(
    All, PcmShape,
    ::testing::Values(Shape{"RepeatedComma", true, ','},
                      Shape{"RepeatedSemicolon", true, ';'},
                      Shape{"OnceComma", false, ','},
                      Shape{"OnceSemicolon", false, ';'}),
    [](const auto& info) { return std::string(info.param.name); });

const char kMemory[] =
    ",,SKT0,SKT0,SKT0,SKT0,System,System\n"
    "Date,Time,Ch0Read,Ch2Read,Mem Read (MB/s),P. Write (T/s),Read,Memory\n"
    "2024-03-05,09:30:53.070,  105.12,,  523.82,2017200977,    633.76,934.58\n"
    "2024-03-05,09:30:54.069,  108.74,,  542.85,2135391990,    650.50,960.42\n";

TEST(ImportPcm, ReadsTheMemoryTool) {
  const Trace trace = ImportText("pcm", kMemory);
  EXPECT_EQ(trace.Get("socket.0.ch0read").values[0], 105.12e6);
  EXPECT_EQ(trace.Get("socket.0.ch0read").unit, "B/s");
  EXPECT_EQ(trace.Get("socket.0.mem_read").unit, "B/s");
  EXPECT_EQ(trace.Get("socket.0.p_write").values[1], 2135391990);
  EXPECT_EQ(trace.Get("socket.0.p_write").unit, "1/s");
  EXPECT_DOUBLE_EQ(trace.Get("system.memory").values[1], 960.42e6);
  EXPECT_EQ(trace.Attribute("empty_columns"), "socket.0.ch2read");
}

TEST(ImportPcm, ReadsThePcieToolWithAndWithoutTimes) {
  const std::string rows =
      "0,100,5(Total)\n0,60,3(Miss)\n0,40,2(Hit)\n"
      "1,200,6(Total)\n1,150,4(Miss)\n1,50,2(Hit)\n";
  const std::string header = "Skt,PCIRdCur,ItoM\n";
  const Trace plain = ImportText("pcm", header + rows + header + rows);
  EXPECT_THAT(plain.time_seconds, ElementsAre(0, 1));
  EXPECT_THAT(plain.Attribute("time_source"), HasSubstr("row number"));
  EXPECT_THAT(plain.Get("socket.0.pcie_itom_hit").values, ElementsAre(2, 2));
  EXPECT_EQ(plain.Get("socket.1.pcie_pcirdcur_miss").values[0], 150);
  EXPECT_EQ(plain.columns.size(), 12u);
  const Trace once = ImportText("pcm",
                                "Skt,PCIRdCur,PCIe Rd (B)\n0,1,64\n"
                                "1,2,128\n0,3,192\n1,4,256\n");
  EXPECT_THAT(once.Get("socket.1.pcie_pcirdcur").values, ElementsAre(2, 4));
  EXPECT_EQ(once.Get("socket.0.pcie_pcie_rd").unit, "B");
  const Trace timed =
      ImportText("pcm",
                 "Date,Time,Skt,ItoM\n2025-09-06,01:35:14.5,0,7\n"
                 "Date,Time,Skt,ItoM\n2025-09-06,01:35:15.5,0,8\n");
  EXPECT_THAT(timed.time_seconds, ElementsAre(0, 1));
}

TEST(ImportPcm, LeavesOutALastPcieIntervalThatIsNotWhole) {
  const Trace trace = ImportText("pcm",
                                 "Skt,ItoM\n0,1\n1,2\nSkt,ItoM\n0,3\n"
                                 "1,4\nSkt,ItoM\n0,5\n");
  EXPECT_EQ(trace.samples(), 2);
  EXPECT_EQ(trace.Attribute("warnings"),
            "the last interval, from line 8, is not whole and was left out");
  EXPECT_EQ(ImportFailure("pcm",
                          "Skt,ItoM\n0,1\n1,2\nSkt,ItoM\n0,3\n"
                          "Skt,ItoM\n0,5\n1,6\n"),
            "trace.csv:5: error: an interval of 1 rows; the first has 2");
}

TEST(ImportPcm, FollowsTheClockOverMidnight) {
  const std::string header = "System,System,System\nDate,Time,IPC\n";
  const Trace dated = ImportText(
      "pcm", header + "2024-03-05,23:59:59.5,1\n2024-03-06,00:00:00.5,2\n");
  EXPECT_THAT(dated.time_seconds, ElementsAre(0, 1));
  EXPECT_EQ(dated.Attribute("midnight_rollovers"), "0");
  const Trace lagging =
      ImportText("pcm", header +
                            "2024-03-05,23:59:59.5,1\n2024-03-05,00:00:00.5,2\n"
                            "2024-03-06,00:00:01.5,3\n");
  EXPECT_THAT(lagging.time_seconds, ElementsAre(0, 1, 2));
  EXPECT_EQ(lagging.Attribute("midnight_rollovers"), "1");
}

TEST(ImportPcm, ReadsLinksAndKeepsUnknownMetricsWithAWarning) {
  const Trace trace = ImportText("pcm",
                                 "System,System,SKT1dataIn,SKT1dataIn "
                                 "(percent),SKT0.1,New Group,Socket 0\n"
                                 "Date,Time,UPI0,UPI0,IPC,Thing,WIDGETS\n"
                                 "2024-03-05,09:30:53,2.5, 12%,1.5,7,8\n");
  EXPECT_EQ(trace.Get("socket.1.data_in_upi0").values[0], 2.5e6);
  EXPECT_EQ(trace.Get("socket.1.data_in_share_upi0").values[0], 0.12);
  EXPECT_EQ(trace.Get("socket.0-die1.ipc").values[0], 1.5);
  EXPECT_EQ(trace.Get("system.new_group_thing").values[0], 7);
  EXPECT_EQ(trace.Attribute("warnings"),
            "the unit of 'system.new_group_thing' (Thing of New Group) is not "
            "known\nthe unit of 'socket.0.widgets' (WIDGETS of Socket 0) is "
            "not known");
}

TEST(ImportPcm, JoinsAFolderOnTime) {
  const testing::TemporaryFolder folder;
  const std::string header =
      "System,System,Socket 0,Core1 (Socket 0)\nDate,Time,IPC,IPC\n";
  const auto row = [](const char* time, const char* values) {
    return fmt::format("2024-03-05,09:30:{},{}\n", time, values);
  };
  testing::WriteText(
      folder / "a-pcm.csv",
      header + row("50.0", "1,10") + row("51.0", "2,20") + row("52.0", "3,30"));
  std::string other = header + row("50.4", "4,40") + row("50.6", "5,50") +
                      row("51.2", "6,60") + row("53.0", "7,70");
  other.replace(other.find("Core1"), 5, "Core2");
  testing::WriteText(folder / "b-pcm.csv", other);
  testing::WriteText(folder / "c-pcie.csv", "Skt,ItoM\n0,1\n");
  testing::WriteText(folder / "latency.csv", "1 15000000\n2 7\n");
  testing::WriteText(folder / ".b-pcm.csv", "hidden");
  testing::WriteText(folder / "notes.txt", "x");
  const Trace trace = ImportTrace("pcm", folder.path());
  EXPECT_THAT(trace.time_seconds, ElementsAre(0, 1, 2));
  EXPECT_THAT(trace.Get("socket.0.ipc@a-pcm").values, ElementsAre(1, 2, 3));
  const Column& b = trace.Get("socket.0.ipc@b-pcm");
  EXPECT_EQ(b.values[0], 4);
  EXPECT_EQ(b.values[1], 6);  // 51.2 is nearer to 51.0 than 50.6
  EXPECT_TRUE(std::isnan(b.values[2]));
  EXPECT_EQ(trace.Get("core.2.ipc").values[1], 60);
  EXPECT_EQ(trace.Attribute("joined.b-pcm"),
            "2 of 4 rows, 2 dropped; 1 samples without one");
  EXPECT_EQ(trace.Attribute("skipped_files"),
            "c-pcie.csv: without times it cannot be joined; latency.csv: not "
            "of Intel PCM");
  EXPECT_EQ(trace.Attribute("time_axis"), "a-pcm");
}

TEST(ImportPcm, SaysWhereAndWhatIsWrong) {
  const std::string header = "System,System,Socket 0,\nDate,Time,IPC,\n";
  const std::string row = "2024-03-05,09:30:53.5,1.5,\n";
  EXPECT_EQ(ImportFailure("pcm", "a,b\n1,2\n"),
            "trace.csv:1: error: not a CSV file of Intel PCM: expected a group "
            "row and then 'Date,Time,...', or a header with 'Skt'");
  EXPECT_EQ(ImportFailure("pcm", header + "2024-03-05,09:30:53.5,1.5\n"),
            "trace.csv:3: error: 3 cells; the header has 4");
  EXPECT_EQ(ImportFailure("pcm", header + "2024-03-05,09:30:53.5,1.5,2\n"),
            "trace.csv:3:27: error: a value in a column without a name");
  EXPECT_EQ(ImportFailure("pcm", header + "2024-03-05,09:30:53.5,12a3,\n"),
            "trace.csv:3:23: error: column 'socket.0.ipc': '12a3' is not a "
            "number");
  EXPECT_EQ(ImportFailure("pcm", header + "05.03.2024,09:30:53.5,1,\n"),
            "trace.csv:3:1: error: column 'Date': '05.03.2024' is not "
            "YYYY-MM-DD");
  EXPECT_EQ(ImportFailure("pcm", header + "2024-03-05,9:30,1,\n"),
            "trace.csv:3:12: error: column 'Time': '9:30' is not HH:MM:SS");
  EXPECT_THAT(ImportFailure("pcm", header + row + row),
              HasSubstr("trace.csv:4:1: error: time 1709631053.5 s does not "
                        "come after"));
  EXPECT_EQ(ImportFailure("pcm",
                          "System,System,Socket 0,Socket 0\n"
                          "Date,Time,IPC,IPC\n2024-03-05,09:30:53,1,2\n"),
            "trace.csv:2:15: error: 'IPC' of 'Socket 0' is there twice; first "
            "at column 11");
  EXPECT_EQ(
      ImportFailure("pcm",
                    "System,System,Socket 0\nDate,Time,IPC,EXEC\n"
                    "2024-03-05,09:30:53,1,2\n"),
      "trace.csv:2: error: 4 cells; the group row in line 1 has 3 and should "
      "have the same");
  EXPECT_EQ(ImportFailure("pcm", header),
            "trace.csv:2: error: there is no row of values below the header");
}

TEST(ImportPcm, ALastLineWithoutEndIsWholeOnlyWithItsSeparator) {
  const std::string header = "System,System,Socket 0,\nDate,Time,IPC,\n";
  EXPECT_EQ(ImportText("pcm", header + "2024-03-05,09:30:53,1.25,").samples(),
            1);
  EXPECT_EQ(ImportFailure("pcm", header + "2024-03-05,09:30:53,1.25"),
            "trace.csv:3: error: the file ends within this line: it was cut");
}

}  // namespace
}  // namespace airlock
