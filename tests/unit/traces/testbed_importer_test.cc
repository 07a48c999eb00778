#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/digest.h"
#include "tests/support/import_text.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const char kCsv[] =
    "time,delivered_rate,function.inspect.cpu\n"
    "0.25,1e6,0.5\n"
    "0.5,,0.25\n";

std::string Record(const std::string& csv, const std::string& change = "") {
  return R"({"schema": "airlock-testbed-trace", "version": 1, "name": "drift",
 "profile": {"kind": "drift", "sizes": [64, 1400]}, "seed": 3,
 "tool_version": "1.0.0", "kernel": "6.1", "cores": 2, "cpu_model": "x",
 "started_utc": "2026-01-01T00:00:00Z", "sample_interval_seconds": 0.25,
 "samples": 2, "sha256": ")" +
         Sha256(csv) + R"(", "change_time_seconds": 0.5,
 "events": [{"time": 0.5, "what": "rules added"}], "notes": ["one"],
 "columns": [
  {"name": "delivered_rate", "role": "kpi", "unit": "bit/s",
   "scope": "system", "scope_id": "", "description": "d"},
  {"name": "function.inspect.cpu", "role": "counter", "unit": "1",
   "scope": "function", "scope_id": "inspect", "description": "c"}])" +
         change + "}\n";
}

Trace Import(const std::string& csv, const std::string& record) {
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "drift.csv", csv);
  testing::WriteText(folder / "drift.json", record);
  return ImportTrace("testbed", folder / "drift.csv");
}

std::string Failure(const std::string& csv, const std::string& record) {
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "drift.csv", csv);
  testing::WriteText(folder / "drift.json", record);
  return testing::ImportFailureIn(folder, "testbed", "drift.csv");
}

std::string Replaced(std::string text, const std::string& from,
                     const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ImportTestbed, ReadsColumnsAndProvenance) {
  const Trace trace = Import(kCsv, Record(kCsv));
  EXPECT_EQ(trace.source, "testbed");
  EXPECT_EQ(trace.origin, "drift");
  EXPECT_THAT(trace.time_seconds, ElementsAre(0.25, 0.5));
  const Column& cpu = trace.Get("function.inspect.cpu");
  EXPECT_EQ(cpu.scope, Scope::kFunction);
  EXPECT_EQ(cpu.scope_id, "inspect");
  EXPECT_EQ(cpu.description, "c");
  EXPECT_THAT(cpu.values, ElementsAre(0.5, 0.25));
  EXPECT_EQ(trace.Get("delivered_rate").role, Role::kKpi);
  EXPECT_EQ(trace.Get("delivered_rate").CountMissing(), 1);
  EXPECT_EQ(trace.Attribute("change_time_seconds"), "0.5");
  EXPECT_EQ(trace.Attribute("profile.kind"), "drift");
  EXPECT_EQ(trace.Attribute("profile.sizes.1"), "1400");
  EXPECT_EQ(trace.Attribute("event.0"), "0.5 rules added");
  EXPECT_EQ(trace.Attribute("notes.0"), "one");
  EXPECT_EQ(trace.Attribute("seed"), "3");
  EXPECT_EQ(trace.Attribute("sha256"), Sha256(kCsv));
}

TEST(ImportTestbed, RefusesATraceThatItsRecordDoesNotDescribe) {
  const std::string changed = Replaced(kCsv, "0.25\n", "0.35\n");
  EXPECT_THAT(
      Failure(changed, Record(kCsv)),
      ::testing::StartsWith("drift.csv: error: the content's sha256 is "));
  const std::string shorter =
      "time,delivered_rate,function.inspect.cpu\n"
      "0.25,1e6,0.5\n";
  EXPECT_EQ(Failure(shorter, Record(shorter)),
            "drift.csv: error: 1 samples; the record drift.json has 2");
  const std::string swapped =
      Replaced(kCsv, "delivered_rate,function.inspect.cpu",
               "function.inspect.cpu,delivered_rate");
  EXPECT_EQ(Failure(swapped, Record(swapped)),
            "drift.csv:1:6: error: column 'function.inspect.cpu'; the record "
            "has 'delivered_rate' here");
  const std::string wider =
      "time,delivered_rate,function.inspect.cpu,x\n0.25,1,1,1\n0.5,1,1,1\n";
  EXPECT_EQ(Failure(wider, Record(wider)),
            "drift.csv:1: error: 3 columns and the time; the record has 2 "
            "columns");
  const std::string backwards = Replaced(kCsv, "0.5,,", "0.2,,");
  EXPECT_EQ(Failure(backwards, Record(backwards)),
            "drift.csv:3:1: error: time 0.2 s does not come after 0.25 s of "
            "the row before");
}

TEST(ImportTestbed, RefusesABrokenRecord) {
  const std::string record = Record(kCsv);
  EXPECT_EQ(Failure(kCsv, Replaced(record, "\"version\": 1", "\"version\": 2")),
            "drift.json: error: version 2 of the trace format; this program "
            "reads version 1");
  EXPECT_EQ(Failure(kCsv, Replaced(record, "airlock-testbed-trace", "other")),
            "drift.json: error: schema 'other'; expected "
            "'airlock-testbed-trace'");
  EXPECT_EQ(Failure(kCsv, Replaced(record, "\"samples\": 2, ", "")),
            "drift.json: error: 'samples' is missing");
  EXPECT_EQ(
      Failure(kCsv, Replaced(record, "\"samples\": 2", "\"samples\": \"2\"")),
      "drift.json: error: 'samples' is \"2\"; expected a whole number");
  EXPECT_EQ(Failure(kCsv, Replaced(record, "\"kpi\"", "\"goal\"")),
            "drift.json: error: columns[0]: role 'goal'; expected input, kpi "
            "or counter");
  EXPECT_THAT(Failure(kCsv, Replaced(record, "\"seed\": 3,", "\"seed\": ,")),
              ::testing::StartsWith("drift.json:2:61: error: not JSON: "));
  EXPECT_EQ(Failure(kCsv, "[]"), "drift.json: error: not a JSON object");
}

TEST(ImportTestbed, NeedsTheRecord) {
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "a.csv", kCsv);
  EXPECT_THROW(ImportTrace("testbed", folder / "a.csv"), Error);
  EXPECT_THROW(ImportTrace("testbed", folder / "a.h5"), InputError);
}

}  // namespace
}  // namespace airlock
