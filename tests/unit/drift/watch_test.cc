#include "twin/drift/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "tests/support/error_of.h"
#include "tests/support/synthetic_trace.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

DriftOptions Quick() {
  DriftOptions options;
  options.detector = "jensen-shannon";
  options.parameters = {{"window", 50}};
  options.ert = 2000;
  options.replications = 40;
  return options;
}

MonitorOptions Residuals(const char* forecaster = "linear") {
  MonitorOptions options;
  options.forecaster = forecaster;
  options.folds = 3;
  options.include = ParseFeaturePatterns({"latency_p99", "core.0.busy"});
  options.load = {"offered_rate"};
  return options;
}

// From `change` on the host needs half as long again for the same load.
Trace Slowed(Trace trace, int64_t change) {
  for (Column& column : trace.columns) {
    if (column.name != "latency_p99") continue;
    for (size_t t = static_cast<size_t>(change); t < column.values.size();
         ++t) {
      column.values[t] *= 1.5;
    }
  }
  return trace;
}

TEST(DriftTrigger, IsSilentOnLoadAndFiresOnItsEffect) {
  const Trace trace = SyntheticTrace(1600, 30);
  DriftOptions options = Quick();
  options.ert = 20000;
  DriftTrigger trigger =
      CalibrateDrift(trace.Slice(0, 1000), Residuals("xgboost"), options);
  const Trace rest = trace.Slice(1000, 1600);
  const DriftWatch silent = trigger.Watch(rest);
  EXPECT_FALSE(silent.drift()) << silent.ToText();
  EXPECT_EQ(silent.samples, 598);  // two lags
  trigger.Reset();
  const DriftWatch found = trigger.Watch(Slowed(rest, 300));
  ASSERT_TRUE(found.drift());
  const DriftAlarm& first = found.alarms.front();
  EXPECT_GE(first.sample, 300);
  EXPECT_LE(first.sample, 350);
  EXPECT_EQ(first.feature, "residual latency_p99");
  EXPECT_DOUBLE_EQ(first.time_seconds,
                   rest.time_seconds[static_cast<size_t>(first.sample)]);
  EXPECT_GE(first.statistic, first.threshold);
  EXPECT_THAT(found.ToText(), HasSubstr("most in residual latency_p99"));
  EXPECT_THAT(found.ToJson(), HasSubstr("\"drift\": true"));
}

TEST(DriftTrigger, GoesOnAfterSaveAndLoad) {
  const Trace trace = SyntheticTrace(1200, 31);
  DriftTrigger trigger =
      CalibrateDrift(trace.Slice(0, 800), Residuals(), Quick());
  trigger.Watch(trace.Slice(800, 900));
  const testing::TemporaryFolder folder;
  const std::string path = folder / "trigger.json";
  trigger.Save(path);
  DriftTrigger restored = DriftTrigger::Load(path);
  const Trace rest = Slowed(trace.Slice(900, 1200), 100);
  EXPECT_EQ(trigger.Watch(rest).ToJson(), restored.Watch(rest).ToJson());
  EXPECT_EQ(trigger.reference_digest(), restored.reference_digest());
  trigger.Save(path);
  const std::string text = ReadFile(path);
  restored.Save(path);
  EXPECT_EQ(ReadFile(path), text);
}

TEST(DriftTrigger, EveryTreatment) {
  const Trace trace = SyntheticTrace(600, 32);
  for (const auto treatment :
       {MonitorOptions::Treatment::kRaw, MonitorOptions::Treatment::kPerUnit,
        MonitorOptions::Treatment::kResidual}) {
    MonitorOptions options = Residuals();
    options.treatment = treatment;
    options.include.push_back(ParseFeaturePattern("core.0.flat"));
    DriftReference reference;
    const Monitor monitor = Monitor::Fit(trace, options, &reference);
    const Monitor restored = Monitor::FromText(monitor.ToText());
    EXPECT_EQ(restored.Apply(trace).values, monitor.Apply(trace).values);
    ASSERT_EQ(monitor.features().size(), 3u);
    // It never varies: there is nothing to model.
    EXPECT_EQ(monitor.features()[2], "core.0.flat");
  }
}

TEST(DriftTrigger, RefusesWhatDoesNotFit) {
  const Trace trace = SyntheticTrace(600, 33);
  DriftTrigger trigger = CalibrateDrift(trace, Residuals(), Quick());
  Trace other = trace;
  other.columns[2].unit = "ms";
  other.columns[3].name = "core.0.load";
  const std::string error = ErrorOf([&] { trigger.Watch(other); });
  EXPECT_THAT(error, HasSubstr("latency_p99 is in 'ms' instead of 's'"));
  EXPECT_THAT(error, HasSubstr("core.0.busy is missing"));

  MonitorOptions options = Residuals();
  options.load = {"input_rate"};
  EXPECT_THAT(ErrorOf([&] { CalibrateDrift(trace, options, Quick()); }),
              HasSubstr("none of the load columns"));
  options = Residuals();
  options.include = ParseFeaturePatterns({"latency_p50"});
  EXPECT_THAT(ErrorOf([&] { CalibrateDrift(trace, options, Quick()); }),
              HasSubstr("no column of trace 'synthetic' is watched"));

  const testing::TemporaryFolder folder;
  WriteFileAtomically(folder / "x.json", "{}");
  EXPECT_THAT(ErrorOf([&] { DriftTrigger::Load(folder / "x.json"); }),
              HasSubstr("x.json: not a drift trigger"));
  trigger.Save(folder / "t.json");
  std::string text = ReadFile(folder / "t.json");
  text.replace(text.find("\"window\":50"), 11, "\"window\":60");
  WriteFileAtomically(folder / "t.json", text);
  EXPECT_THAT(ErrorOf([&] { DriftTrigger::Load(folder / "t.json"); }),
              HasSubstr("t.json: corrupt"));
}

}  // namespace
}  // namespace airlock
