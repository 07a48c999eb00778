#include <gtest/gtest.h>

#include "sim/scenario/resolve.h"
#include "twin/worker/run_batch.h"

namespace airlock {
namespace {

// Two saturated cells side by side, and a plan at half of the run.
ResolvedScenario Planned(int64_t from, int64_t to, bool what_if) {
  Scenario scenario;
  scenario.name = "what-if";
  scenario.run.duration = Milliseconds(400);
  scenario.run.sample_interval = Milliseconds(50);
  scenario.run.replications = 2;
  scenario.controller.agent = "schedule";
  scenario.controller.interval = Milliseconds(100);
  if (what_if) {
    scenario.controller.what_if.emplace();
    scenario.controller.what_if->horizon = Milliseconds(150);
    scenario.controller.what_if->audit = Ratio(1);
    scenario.controller.what_if->audit_horizon = Milliseconds(200);
  }
  scenario.wlan.emplace();
  WlanConfig& wlan = *scenario.wlan;
  wlan.standard = "802.11a";
  wlan.rate_control = "constant";
  wlan.channel_switch.announcement_beacons = 0;
  wlan.traffic.saturated = true;
  for (int i = 0; i < 2; ++i) {
    AccessPointConfig ap;
    ap.name = i == 0 ? "left" : "right";
    ap.position = {Length(10.0 * i), Length(0)};
    ap.channel = i == 0 ? 36 : from;
    ap.stations = 1;
    ap.station_distance = Length(2);
    wlan.access_points.push_back(ap);
  }
  ScheduledChange change;
  change.time = Milliseconds(200);
  change.access_point = "right";
  change.channel = to;
  wlan.schedule.push_back(change);
  Diagnostics diagnostics;
  const auto resolved = Resolve(scenario, &diagnostics);
  EXPECT_TRUE(resolved) << diagnostics.Format();
  return *resolved;
}

double MetricOf(const ReplicationRecord& record, const std::string& name) {
  for (const Metric& metric : record.metrics) {
    if (metric.name == name) return metric.value;
  }
  ADD_FAILURE() << "no metric " << name;
  return -1;
}

TEST(WhatIf, AllOnOneChannelIsVetoed) {
  const ResolvedScenario scenario = Planned(48, 36, true);
  const RunRecord record = RunBatch(scenario, {0, 0, 1}, nullptr);
  for (const ReplicationRecord& r : record.replications) {
    EXPECT_EQ(MetricOf(r, "what_if_tried"), 1);
    EXPECT_EQ(MetricOf(r, "what_if_vetoed"), 1);
    EXPECT_EQ(MetricOf(r, "what_if_audited"), 1);
    EXPECT_EQ(MetricOf(r, "what_if_regretted"), 0);
    EXPECT_EQ(MetricOf(r, "ap.right.switches"), 0);
    EXPECT_NEAR(MetricOf(r, "what_if_branches"), 2 * (0.15 + 0.2), 1e-9);
  }
  EXPECT_EQ(RunBatch(scenario, {0, 0, 2}, nullptr).Digest(), record.Digest());
}

TEST(WhatIf, ApartIsTaken) {
  const RunRecord record = RunBatch(Planned(36, 48, true), {0, 1, 1}, nullptr);
  for (const ReplicationRecord& r : record.replications) {
    EXPECT_EQ(MetricOf(r, "what_if_tried"), 1);
    EXPECT_EQ(MetricOf(r, "what_if_vetoed"), 0);
    EXPECT_EQ(MetricOf(r, "ap.right.switches"), 1);
  }
}

// The branches draw nothing that the run itself would draw.
TEST(WideWhatIf, WhatIsTakenGoesOnAsIfNothingHadBeenTried) {
  const RunRecord tried = RunBatch(Planned(36, 48, true), {0, 1, 1}, nullptr);
  const RunRecord plain = RunBatch(Planned(36, 48, false), {0, 1, 1}, nullptr);
  EXPECT_EQ(tried.replications[0].series.Digest(),
            plain.replications[0].series.Digest());
}

}  // namespace
}  // namespace airlock
