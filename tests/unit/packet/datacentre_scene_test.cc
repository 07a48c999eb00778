#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/datacentre_runs.h"

namespace airlock {
namespace {

using ::testing::Contains;
using ::testing::Key;

Scenario SmallPoisson() {
  Scenario scenario = DatacentreScenario(2, 2, 2);
  scenario.run.duration = Milliseconds(20);
  scenario.datacentre->traffic.kind = "poisson";
  scenario.datacentre->traffic.sizes = "webserver";
  scenario.datacentre->traffic.load = Ratio(0.3);
  return scenario;
}

Scenario SmallIncast() {
  Scenario scenario = DatacentreScenario(2, 2, 2);
  scenario.run.duration = Milliseconds(20);
  scenario.datacentre->traffic.kind = "incast";
  scenario.datacentre->traffic.flows = 3;
  return scenario;
}

void AdvanceAtOnce(Scene& scene) { scene.AdvanceTo(Milliseconds(20)); }

TEST(DatacentreScene, EqualSeedsGiveEqualResults) {
  const std::string first = FingerprintOfRun(SmallPoisson(), 0, AdvanceAtOnce);
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(first, FingerprintOfRun(SmallPoisson(), 0, AdvanceAtOnce));
}

TEST(DatacentreScene, ReplicationsSeedsAndSaltsDiffer) {
  const std::string first = FingerprintOfRun(SmallPoisson(), 0, AdvanceAtOnce);
  EXPECT_NE(first, FingerprintOfRun(SmallPoisson(), 1, AdvanceAtOnce));
  Scenario reseeded = SmallPoisson();
  reseeded.run.seed = 2;
  EXPECT_NE(first, FingerprintOfRun(reseeded, 0, AdvanceAtOnce));
  Scenario resalted = SmallPoisson();
  resalted.datacentre->routing.salt = 1;
  EXPECT_NE(first, FingerprintOfRun(resalted, 0, AdvanceAtOnce));
}

// A controller that only looks must not change what happens.
TEST(DatacentreScene, ObservingInStepsChangesNothing) {
  const auto in_steps = [](Scene& scene) {
    for (int64_t us = 700; us < 20000; us += 700) {
      scene.AdvanceTo(Microseconds(us));
      scene.Observe();
    }
    scene.AdvanceTo(Milliseconds(20));
  };
  EXPECT_EQ(FingerprintOfRun(SmallPoisson(), 0, AdvanceAtOnce),
            FingerprintOfRun(SmallPoisson(), 0, in_steps));
}

TEST(DatacentreScene, ReportsItsMetrics) {
  const auto poisson = RunDatacentre(SmallPoisson());
  for (const char* name :
       {"goodput_mean", "fct_mean", "fct_p50", "fct_p95", "fct_p99",
        "slowdown_mean", "slowdown_p99", "queue_mean", "queue_p99", "queue_max",
        "drops", "marks", "utilisation_max", "events"}) {
    EXPECT_THAT(poisson, Contains(Key(name)));
  }
  EXPECT_GT(poisson.at("flows_finished"), 5);
  EXPECT_EQ(poisson.at("flows_failed"), 0);
  EXPECT_GE(poisson.at("slowdown_p50"), 1);
  EXPECT_THAT(RunDatacentre(SmallIncast()), Contains(Key("jain_fairness")));
}

TEST(DatacentreScene, SeriesHasASampleAnInterval) {
  const auto numbers = NumbersFromChild([] {
    auto scene = SettledScene(SmallIncast());
    scene->Start(Replication(0));
    scene->AdvanceTo(Milliseconds(20));
    const ReplicationRecord record = scene->Finish();
    record.series.Validate();
    return std::map<std::string, double>{
        {"samples", static_cast<double>(record.series.samples())},
        {"last", record.series.time_seconds.back()},
        {"rate", record.series.Get("delivered_rate").values.back()},
        {"queue",
         record.series.Get("interface.leaf0-host0.queue_max").values.back()}};
  });
  EXPECT_EQ(numbers.at("samples"), 20);
  EXPECT_DOUBLE_EQ(numbers.at("last"), 0.020);
  EXPECT_NEAR(numbers.at("rate"), 964e6, 2 * 1448 * 8 / 1e-3);
  EXPECT_GT(numbers.at("queue"), 0);
}

// The mean queue in packets after the threshold has changed from 65.
double QueueWithThreshold(const std::string& discipline, double threshold) {
  return NumbersFromChild([&] {
           Scenario scenario = SmallIncast();
           scenario.datacentre->topology.queue.discipline = discipline;
           auto scene = SettledScene(scenario);
           scene->Start(Replication(0));
           scene->AdvanceTo(Milliseconds(5));
           scene->Apply({{{"ecn_threshold", threshold}}});
           scene->AdvanceTo(Milliseconds(30));
           scene->Observe();
           scene->AdvanceTo(Milliseconds(40));
           return std::map<std::string, double>{
               {"queue", scene->Observe().values.at(
                             "interface.leaf0-host0.queue_mean")}};
         })
      .at("queue");
}

// As if the scenario had begun with that threshold: on it with `red-ecn`, below
// it with `step-ecn`.
TEST(DatacentreScene, QueueFollowsAnAppliedThreshold) {
  for (const double threshold : {10.0, 100.0}) {
    const double red = QueueWithThreshold("red-ecn", threshold);
    EXPECT_GT(red, threshold);
    EXPECT_LT(red, threshold + 9);
    const double step = QueueWithThreshold("step-ecn", threshold);
    EXPECT_GT(step, 0.75 * threshold);
    EXPECT_LT(step, threshold + 3);
  }
}

// Senders hand data to TCP in chunks, which must fit its buffer.
TEST(DatacentreScene, SmallBuffersStillSend) {
  Scenario scenario = SmallIncast();
  scenario.datacentre->transport.buffer = DataSize(8 * 1024);
  EXPECT_GT(RunDatacentre(scenario).at("goodput_mean"), 100e6);
}

TEST(DatacentreScene, RefusesWhatItCannotApply) {
  const auto message = [](const Scenario& scenario, const Action& action) {
    return RunInChild([&]() -> std::string {
      auto scene = SettledScene(scenario);
      scene->Start(Replication(0));
      scene->AdvanceTo(Milliseconds(1));
      try {
        scene->Apply(action);
      } catch (const InputError& error) {
        return error.what();
      }
      return "accepted";
    });
  };
  EXPECT_EQ(message(SmallIncast(), {}), "accepted");
  EXPECT_EQ(message(SmallIncast(), {{{"ecn_treshold", 20}}}),
            "this scenario has no setting 'ecn_treshold'; it has "
            "'ecn_threshold', 'PORT.ecn_threshold', "
            "'SWITCH.weight.NEIGHBOUR'");
  EXPECT_EQ(message(SmallIncast(), {{{"ecn_threshold", 0}}}),
            "ecn_threshold: 0 is not between 1 and 1000 packets, the queue's "
            "limit");
  Scenario drop_tail = SmallIncast();
  drop_tail.datacentre->topology.queue.discipline = "drop-tail";
  drop_tail.datacentre->transport.kind = "newreno";
  EXPECT_EQ(message(drop_tail, {{{"ecn_threshold", 20}}}),
            "this scenario has no setting 'ecn_threshold'; it has "
            "'SWITCH.weight.NEIGHBOUR'");
}

}  // namespace
}  // namespace airlock
