#include "sim/engine/observed_simulation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace airlock {
namespace {

constexpr char kBusy[] = "ap.a.airtime_busy";
constexpr char kRssi[] = "ap.a.rssi.b";
constexpr char kChannel[] = "ap.a.channel";

// At observation n the busy share is n + 1, the RSSI -60 and the channel 36.
class Counting : public Simulation {
 public:
  SimTime Now() const override { return Milliseconds(steps_); }
  void AdvanceTo(SimTime) override {}
  Observation Observe() override {
    ++steps_;
    Observation observation;
    observation.time = Now();
    observation.values = {{kBusy, static_cast<double>(steps_)},
                          {kRssi, -60},
                          {"station.a.0.rssi", -60},
                          {"ap.a.noise", -94},
                          {kChannel, 36}};
    if (more_) observation.values["ap.a.airtime_aaa"] = 1;
    return observation;
  }
  void Apply(const Action&) override {}
  ReplicationRecord Finish() override { return {}; }
  void set_more(bool more) { more_ = more; }

 private:
  int64_t steps_ = 0;
  bool more_ = false;
};

std::vector<Observation> Take(const ObservationConfig& config, int n,
                              bool more = false, uint64_t seed = 1,
                              Replication replication = Replication(0)) {
  Counting simulation;
  simulation.set_more(more);
  ObservedSimulation observed(&simulation, config, seed, replication);
  std::vector<Observation> all;
  for (int i = 0; i < n; ++i) all.push_back(observed.Observe());
  return all;
}

TEST(ObservedSimulation, PassesEverythingByDefault) {
  const auto all = Take({}, 3);
  EXPECT_EQ(all[2].values.at(kBusy), 3);
  EXPECT_EQ(all[2].values.at(kRssi), -60);
  EXPECT_EQ(all[2].time, Milliseconds(3));
}

// 4000 draws: the mean within 4 standard errors, the standard deviation within
// 4 times its own, sd / sqrt(2 n).
TEST(ObservedSimulation, ErrorsHaveTheirMeanAndSpread) {
  ObservationConfig config;
  config.rssi_bias_db = -4;
  config.rssi_noise_db = 2;
  config.counter_noise = 0.1;
  constexpr int kDraws = 4000;
  for (const std::string column :
       {kRssi, "station.a.0.rssi", "ap.a.noise", kBusy}) {
    SCOPED_TRACE(column);
    double sum = 0, squares = 0;
    for (const Observation& seen : Take(config, kDraws)) {
      const double value = seen.values.at(column);
      const double truth = column == "ap.a.noise" ? -94 : -60;
      const double error = column == kBusy
                               ? value / (1e3 * Seconds(seen.time)) - 1
                               : value - truth;
      sum += error;
      squares += error * error;
      EXPECT_EQ(seen.values.at(kChannel), 36);
    }
    const double mean = sum / kDraws;
    const double sd = std::sqrt(squares / kDraws - mean * mean);
    const double true_sd = column == kBusy ? 0.1 : 2;
    EXPECT_NEAR(mean, column == kBusy ? 0 : -4,
                4 * true_sd / std::sqrt(kDraws));
    EXPECT_NEAR(sd, true_sd, 4 * true_sd / std::sqrt(2 * kDraws));
  }
}

// Shares of 4000 draws, within 4 standard deviations of the binomial.
TEST(ObservedSimulation, ValuesAreMissingOrOldAsOftenAsAsked) {
  ObservationConfig config;
  config.dropout = Ratio(0.1);
  config.staleness = Ratio(0.3);
  constexpr int kDraws = 4000;
  int missing = 0, old = 0, seen_twice = 0;
  double before = -1;
  for (const Observation& seen : Take(config, kDraws)) {
    const double value = seen.values.at(kBusy);
    if (std::isnan(value)) {
      ++missing;
    } else if (value < static_cast<double>(seen.time.value() / 1000000)) {
      ++old;
      if (value == before) ++seen_twice;
    }
    before = value;
  }
  // Lost now, or lost before and that is what is repeated: m = d + (1 - d) s m.
  const double lost = 0.1 / (1 - 0.9 * 0.3);
  EXPECT_NEAR(missing, kDraws * lost, 4 * std::sqrt(kDraws * lost * 1.5));
  const double stale = 0.9 * 0.3 * (1 - lost);
  EXPECT_NEAR(old, kDraws * stale, 4 * std::sqrt(kDraws * stale * 1.5));
  EXPECT_EQ(seen_twice, old);  // what is old is what was seen before
}

TEST(ObservedSimulation, ComesLate) {
  ObservationConfig config;
  config.delay = 2;
  const auto all = Take(config, 5);
  for (int i = 0; i < 2; ++i) {
    for (const auto& [column, value] : all[i].values) {
      EXPECT_TRUE(std::isnan(value)) << column;
    }
  }
  for (int i = 2; i < 5; ++i) {
    EXPECT_EQ(all[i].values.at(kBusy), i - 1);
    EXPECT_EQ(all[i].time, Milliseconds(i + 1));  // when it is seen
  }
}

TEST(ObservedSimulation, DrawsDependOnSeedReplicationAndColumnAlone) {
  ObservationConfig config;
  config.rssi_noise_db = 2;
  config.counter_noise = 0.1;
  const auto first = Take(config, 20);
  EXPECT_EQ(Take(config, 20)[19].values, first[19].values);
  EXPECT_NE(Take(config, 20, false, 2)[19].values, first[19].values);
  EXPECT_NE(Take(config, 20, false, 1, Replication(1))[19].values,
            first[19].values);
  // A column more, which even comes first, and dropouts move no error.
  config.dropout = Ratio(0.2);
  const auto more = Take(config, 20, true);
  for (int i = 0; i < 20; ++i) {
    const double value = more[i].values.at(kRssi);
    if (!std::isnan(value)) EXPECT_EQ(value, first[i].values.at(kRssi)) << i;
  }
}

}  // namespace
}  // namespace airlock
