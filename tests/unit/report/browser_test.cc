#include "tests/support/browser.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "sim/base/file.h"
#include "sim/results/hdf5_file.h"
#include "tests/support/small_results.h"
#include "tests/support/temporary_folder.h"
#include "twin/report/pages.h"

// Every kind of page as a browser shows it: nothing on the console, every plot
// drawn, every number that of the summary.
namespace airlock {
namespace {

using nlohmann::json;
using testing::Browse;
using testing::BrowsedPage;
using testing::Count;

constexpr const char* kEvil = "<script>document.title='taken'</script>";

void ExpectWhole(const std::string& html, const json& summary,
                 int64_t least_plots) {
  if (!std::filesystem::exists(testing::kBrowser)) {
    GTEST_SKIP() << "chromium is not installed";
  }
  testing::TemporaryFolder folder;
  WriteFileAtomically(folder.path() + "/report.html", html);
  const BrowsedPage page =
      Browse(folder.path() + "/report.html", folder.path() + "/browser");
  EXPECT_TRUE(page.messages.empty()) << page.messages.front();
  EXPECT_GE(Count(page.document, "class=\"plot\""), least_plots);
  EXPECT_EQ(Count(page.document, "class=\"plot\""),
            Count(page.document, "<svg"));
  EXPECT_EQ(Count(page.document, "<title>taken"), 0);
  const auto numbers = testing::NumbersOf(page.document);
  EXPECT_FALSE(numbers.empty());
  for (const auto& [pointer, value] : numbers) {
    EXPECT_EQ(summary.at(json::json_pointer(pointer)).get<double>(), value)
        << pointer;
  }
}

// Its ramp rises from 0 to 1 within `samples`.
Trace Ramp(int64_t samples) {
  Trace trace;
  trace.source = "testbed";
  Column kpi;
  kpi.name = kEvil;
  kpi.role = Role::kKpi;
  kpi.unit = "s";
  for (int64_t i = 0; i < samples; ++i) {
    trace.time_seconds.push_back(static_cast<double>(i));
    kpi.values.push_back(i == 3 ? std::nan("")
                                : static_cast<double>(i) /
                                      static_cast<double>(samples));
  }
  trace.columns = {kpi};
  return trace;
}

TEST(Browser, RunOfEveryKindOfNetwork) {
  for (const char* name : {"datacentre/incast.yaml", "datacentre/chain.yaml",
                           "wlan/office.yaml"}) {
    Diagnostics diagnostics;
    const auto scenario =
        LoadScenario(std::string(AIRLOCK_SOURCE_DIR) + "/scenarios/" + name, {},
                     &diagnostics);
    ASSERT_TRUE(scenario) << diagnostics.Format();
    RunRecord record = testing::SmallRunRecord();
    record.scenario_name = kEvil;
    record.replications.front().series = Ramp(2000);
    const json summary = {{"scenario", kEvil},
                          {"engine", "surrogate"},
                          {"seed", record.provenance.seed},
                          {"confidence", 0.95},
                          {"metrics",
                           {{{"name", kEvil},
                             {"unit", "s"},
                             {"n", 2},
                             {"mean", 1.25e-3},
                             {"low", nullptr},
                             {"high", 2.0}}}}};
    ExpectWhole(RunPage(summary, record, &*scenario), summary, 3);
  }
}

TEST(Browser, Calibration) {
  CalibrationResult result;
  result.profile.scenario_name = kEvil;
  result.profile.held_out_samples = 3;
  result.profile.parameters = {
      {"inspect", "service.per_packet", "ns", 100, 90, 110.5, "fitted", ""}};
  KpiFidelity fidelity;
  fidelity.kpi = kEvil;
  fidelity.credible = true;
  fidelity.w1_over_sd = 0.03;
  fidelity.coverage = std::nan("");
  result.profile.kpis = {fidelity};
  const std::vector<double> times = {0, 1, 2, 3, 90};  // with a gap
  result.held_out = {{kEvil,
                      "s",
                      times,
                      {1, 2, 3, 3, 2},
                      {1, 2, 2.5, 3, 2},
                      {0, 1, 2, 2, 1},
                      {2, 3, 4, 4, 3}}};
  result.curves = {{kEvil,
                    kEvil,
                    "RSSI [dBm]",
                    {1, 2},
                    {-4, -5},
                    {3},
                    {-6},
                    {1, 3},
                    {-4, -6}}};
  PredictionError error;
  error.quantity = "goodput";
  error.unit = "bit/s";
  error.method = kEvil;
  error.median_in_fit = std::nan("");
  error.median = error.mean = {2e6, 1e6, 3e6};
  result.errors = {error};
  const json summary = CalibrationSummary(result);
  const std::string page = CalibrationPage(summary, result);
  ExpectWhole(page, summary, 3);
  // One sample's time after the last before the gap, nothing is drawn.
  EXPECT_NE(page.find("{\"s\":\"measured\",\"x\":4.0,\"y\":null}"),
            std::string::npos);
}

TEST(Browser, Forecast) {
  const Trace trace = Ramp(100);
  Predictions predictions;
  IntervalPredictions intervals;
  intervals.levels = {0.9};
  intervals.intervals.resize(1);
  for (int64_t i = 0; i < trace.samples(); ++i) {
    predictions.origin.push_back(i);
    predictions.value.push_back(0.5);
    predictions.observed.push_back(
        trace.columns[0].values[static_cast<size_t>(i)]);
    intervals.intervals[0].push_back({0.25, i % 9 == 0 ? INFINITY : 0.75});
  }
  const json summary = {
      {"target", kEvil},
      {"unit", "s"},
      {"chosen", kEvil},
      {"horizon", 0},
      {"features", {kEvil}},
      {"scores",
       {{"remarks", {kEvil}},
        {"rows", {{{"model", kEvil}, {"r2", -0.5}, {"rmse", 1e-7}}}}}}};
  ExpectWhole(ForecastPage(summary, trace, predictions, intervals), summary, 1);
}

TEST(Browser, Drift) {
  const json moved = {{"feature", kEvil},
                      {"unit", "s"},
                      {"before", {{"median", 1.5}}},
                      {"after", {{"median", 2.5}}},
                      {"shift_in_reference_sd", 3.25},
                      {"histogram",
                       {{"edges", {1, 2, 3}},
                        {"reference", {5, 9, 1, 0}},
                        {"current", {0, 1, 9, 7}}}}};
  const json summary = {{"samples", 500},
                        {"alarms",
                         {{{"time_seconds", 7.5},
                           {"sample", 75},
                           {"statistic", 12.5},
                           {"threshold", 11},
                           {"explanation",
                            {{"recommendation", "retrain"},
                             {"reason", kEvil},
                             {"since_seconds", 6},
                             {"moved", {moved}}}}}}}};
  StatisticSeries statistic;
  statistic.threshold = 11;
  for (int i = 0; i < 100; ++i) {
    statistic.time_seconds.push_back(i);
    statistic.statistic.push_back(i < 5 ? std::nan("") : i / 8.0);
  }
  ExpectWhole(DriftPage(summary, statistic), summary, 2);
}

TEST(Browser, Gate) {
  testing::TemporaryFolder folder;
  const json criterion = {
      {"kind", "superiority"}, {"label", kEvil}, {"outcome", "promote"},
      {"estimate", -0.5},      {"low", -0.75},   {"high", -0.25},
      {"limit", -0.08},        {"unit", "1"},    {"n", 710},
      {"reason", kEvil}};
  json open = criterion;
  open["outcome"] = "inconclusive";
  open["high"] = nullptr;
  const json summary = {
      {"filetype", "gate-verdict"},
      {"gate", kEvil},
      {"verdict", "inconclusive"},
      {"candidate", {{"name", kEvil}}},
      {"criteria", {criterion, open}},
      {"inputs", {{{"what", "trace"}, {"path", kEvil}, {"sha256", "e3b0"}}}},
      {"kpis",
       {{{"kpi", kEvil},
         {"source", "twin"},
         {"models",
          {{"candidate", {{"values", {1.5}}}},
           {"incumbent", {{"values", {2.5}}}}}}}}},
      {"digest", "e3b0"}};
  WriteFileAtomically(folder.path() + "/summary.json", summary.dump());
  Trace held_out = Ramp(50);
  held_out.columns[0].name = "measured";
  WriteTrace(held_out, folder.path() + "/held_out.h5");
  ExpectWhole(GatePage(folder.path()), summary, 2);
  ExpectWhole(PageOfFolder(folder.path()), summary, 2);
}

TEST(PageOfFolder, OtherFoldersAreRefused) {
  testing::TemporaryFolder folder;
  EXPECT_ANY_THROW(PageOfFolder(folder.path()));
  WriteFileAtomically(folder.path() + "/summary.json", "{\"filetype\": \"x\"}");
  EXPECT_ANY_THROW(PageOfFolder(folder.path()));
  WriteFileAtomically(folder.path() + "/summary.json", "{");
  EXPECT_ANY_THROW(PageOfFolder(folder.path()));
}

}  // namespace
}  // namespace airlock
