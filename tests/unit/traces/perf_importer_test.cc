#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/import_text.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using testing::ImportFailure;
using testing::ImportText;

TEST(ImportPerf, ReadsIntervalsWithUnitsAndMissingCounts) {
  const Trace trace = ImportText(
      "perf",
      "# started on Sun Nov 22 21:03:00 2026\n\n"
      "     0.200329065,1.15,msec,cpu-clock,1156171,50.00,0.006,CPUs utilized\n"
      "     0.200329065,2,,context-switches,1156171,100.00,1.734,K/sec\n"
      "     0.200329065,<not supported>,,cycles,0,100.00,,\n"
      "     0.400831808,2.5,msec,cpu-clock,0,100.00,,\n"
      "     0.400831808,<not counted>,,context-switches,0,100.00,,\n"
      "     0.400831808,<not supported>,,cycles,0,100.00,,\n"
      "         summary,3.65,msec,cpu-clock,1,100.00,2.000,CPUs utilized\n");
  EXPECT_THAT(trace.time_seconds, ElementsAre(0.200329065, 0.400831808));
  const Column& clock = trace.Get("system.cpu-clock");
  EXPECT_EQ(clock.unit, "s");
  EXPECT_THAT(clock.values, ElementsAre(0.00115, 0.0025));
  EXPECT_EQ(trace.Get("system.context-switches").unit, "1");
  EXPECT_EQ(trace.Get("system.context-switches").CountMissing(), 1);
  EXPECT_EQ(trace.Attribute("running_percent.system.cpu-clock"),
            "min 50.00 mean 75.00");
  EXPECT_EQ(trace.Attribute("not_supported.system.cycles"), "2");
  EXPECT_EQ(trace.Attribute("empty_columns"), "system.cycles");
  EXPECT_EQ(trace.Attribute("skipped_summary_lines"), "1");
}

TEST(ImportPerf, ReadsEachKindOfAggregation) {
  const Trace cpus = ImportText(
      "perf",
      "0.2;CPU0;200.60;msec;cpu-clock;200604852;100.00;1.003;CPUs utilized\n"
      "0.2;CPU1;100.60;msec;cpu-clock;200669224;100.00;1.003;CPUs utilized\n");
  EXPECT_EQ(cpus.Get("core.1.cpu-clock").values[0], 0.1006);
  EXPECT_EQ(cpus.Get("core.1.cpu-clock").scope_id, "1");
  const Trace sockets = ImportText(
      "perf",
      "0.3,S0,2,601.24,msec,cpu-clock,601240274,100.00,2.004,CPUs utilized\n"
      "0.3,S0,1,<not supported>,,instructions,0,100.00,,\n");
  EXPECT_EQ(sockets.Get("socket.0.cpu-clock").scope, Scope::kSocket);
  const Trace cores = ImportText(
      "perf", "0.3,S0-D0-C1,1,300.51,msec,cpu-clock,1,100.00,1.0,CPUs\n");
  EXPECT_EQ(cores.Get("core.S0-D0-C1.cpu-clock").scope, Scope::kCore);
  const Trace threads =
      ImportText("perf", "0.3,nf-inspect-77,1.17,msec,cpu-clock,1,100.00,,\n");
  EXPECT_EQ(threads.Get("function.nf-inspect-77.cpu-clock").scope,
            Scope::kFunction);
  const Trace groups =
      ImportText("perf",
                 "0.3,7,,cycles,nf.slice/inspect,100,100.00,,\n"
                 "0.3,8,,cycles,nf.slice/bridge,100,100.00,,\n");
  EXPECT_EQ(groups.Get("function.nf.slice/bridge.cycles").values[0], 8);
}

TEST(ImportPerf, ReadsOlderLinesWithoutUnitOrRunTime) {
  const Trace old = ImportText("perf", "1.0,5,cycles\n2.0,6,cycles\n");
  EXPECT_THAT(old.Get("system.cycles").values, ElementsAre(5, 6));
  const Trace clock = ImportText("perf", "1.0,5,cpu-clock\n");
  EXPECT_EQ(clock.Get("system.cpu-clock").values[0], 0.005);
  const Trace newer = ImportText("perf", "1.0,5,,cycles\n2.0,6,,cycles\n");
  EXPECT_THAT(newer.Get("system.cycles").values, ElementsAre(5, 6));
}

TEST(ImportPerf, SkipsFurtherMetricsOfAnEvent) {
  const Trace trace = ImportText("perf",
                                 "1.0,5,,cycles,100,100.00,1.5,GHz\n"
                                 "1.0,,,,,,0.5,stalled cycles per insn\n");
  EXPECT_EQ(trace.columns.size(), 1u);
  EXPECT_EQ(trace.Attribute("skipped_metric_lines"), "1");
}

TEST(ImportPerf, SaysWhereAndWhatIsWrong) {
  const std::string line = "1.0,5,,cycles,100,100.00,,\n";
  EXPECT_EQ(ImportFailure("perf", line + "x,5,,cycles,100,100.00,,\n"),
            "trace.csv:2:1: error: expected the interval's time in seconds, "
            "found 'x'; was perf run with -I?");
  EXPECT_EQ(ImportFailure("perf", line + "0.5,5,,cycles,100,100.00,,\n"),
            "trace.csv:2:1: error: time 0.5 s does not come after 1 s of the "
            "row before");
  EXPECT_EQ(ImportFailure("perf", line + line),
            "trace.csv:2: error: a second value of 'system.cycles' in this "
            "interval");
  EXPECT_EQ(ImportFailure("perf", line + "2.0,5,cycles,100,100.00,,\n"),
            "trace.csv:2: error: the cells are laid out differently from the "
            "lines above: one is missing or too many");
  EXPECT_EQ(ImportFailure("perf", line + "2.0,5x,,cycles,100,100.00,,\n"),
            "trace.csv:2:8: error: expected a counter value, <not counted> or "
            "<not supported>, found ''");
  EXPECT_EQ(ImportFailure("perf", line + "2.0,5,,,100,100.00,,\n"),
            "trace.csv:2:8: error: expected an event name, found ''");
  EXPECT_EQ(ImportFailure("perf", line + "2.0,5,,cycles,100,777,,\n"),
            "trace.csv:2:19: error: expected the percentage of time that the "
            "event was counted, found '777'");
  EXPECT_EQ(ImportFailure("perf", line + "2.0,5,ns,cycles,100,100.00,,\n"),
            "trace.csv:2: error: event 'cycles' in unit 'ns'; above it was in "
            "''");
  EXPECT_EQ(ImportFailure("perf", "# nothing\n"),
            "trace.csv: error: there is no line of perf stat -I in the file");
}

}  // namespace
}  // namespace airlock
