#include "calibration/surrogate/surrogate_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/scenario/resolve.h"
#include "sim/stats/rank_correlation.h"
#include "sim/surrogate/airtime_network.h"

namespace airlock {
namespace {

constexpr int kAps = 7;

ChannelTable Table() { return ChannelTable({36, 40, 44}, 1); }

// RSSI between -95 and -50 dBm, each direction its own.
Eigen::MatrixXd DrawRssi(RngStream* stream) {
  Eigen::MatrixXd rssi = Eigen::MatrixXd::Zero(kAps, kAps);
  for (int i = 0; i < kAps; ++i) {
    for (int j = 0; j < kAps; ++j) {
      if (i != j) rssi(i, j) = stream->Uniform(-95, -50);
    }
  }
  return rssi;
}

// What a network would measure in which the model is true, with noise.
std::vector<PlanMeasurement> Measure(const Eigen::MatrixXd& rssi,
                                     const AirtimeChoices& truth, double rate,
                                     double noise, int plans,
                                     RngStream* stream) {
  Eigen::ArrayXd offered(kAps);
  for (int i = 0; i < kAps; ++i) offered[i] = 10e6 + 8e6 * i;
  std::vector<PlanMeasurement> measured;
  for (int p = 0; p < plans; ++p) {
    PlanMeasurement one;
    for (int i = 0; i < kAps; ++i) {
      one.plan.push_back({static_cast<int>(stream->UniformInt(3)), 0});
    }
    AirtimeNetwork network(Table(), truth, rssi);
    network.Retune(one.plan);
    network.SetLoads(offered / rate);
    one.offered = offered;
    one.delivered = offered * network.served();
    one.busy = network.busy().min(1.0);
    for (int i = 0; i < kAps; ++i) {
      one.delivered[i] *= 1 + stream->Normal(0, noise);
      one.busy[i] += stream->Normal(0, noise);
    }
    one.first_half = one.delivered.sum() * (1 + stream->Normal(0, noise));
    one.second_half = 2 * one.delivered.sum() - one.first_half;
    measured.push_back(std::move(one));
  }
  return measured;
}

SurrogateCalibration Fit(const Eigen::MatrixXd& rssi,
                         const std::vector<PlanMeasurement>& plans) {
  return FitSurrogate(Table(), rssi, plans, SurrogateFitOptions(),
                      [](int64_t, int64_t) {});
}

// How well the regret of the model that made the measurements orders them.
double OrderOfTruth(const Eigen::MatrixXd& rssi, AirtimeChoices truth,
                    double rate, const std::vector<PlanMeasurement>& plans) {
  double best = -1;
  for (const bool own_load : {false, true}) {
    truth.own_load = own_load;
    std::vector<double> order, goodput;
    for (const PlanMeasurement& one : plans) {
      AirtimeNetwork network(Table(), truth, rssi);
      network.Retune(one.plan);
      network.SetLoads(one.offered / rate);
      order.push_back(-network.service());
      goodput.push_back(one.delivered.sum());
    }
    best = std::max(best, Spearman(order, goodput));
  }
  return best;
}

TEST(SurrogateFitTest, FindsTheModelThatMadeTheMeasurements) {
  for (const OccupancyLaw law : {OccupancyLaw::kSum, OccupancyLaw::kUnion}) {
    RngStream stream(7);
    const Eigen::MatrixXd rssi = DrawRssi(&stream);
    AirtimeChoices truth;
    truth.law = law;
    truth.threshold_dbm = -73;
    const double rate = 83e6;
    const auto plans = Measure(rssi, truth, rate, 0.02, 60, &stream);
    const AirtimeProfile profile = Fit(rssi, plans).profile;
    EXPECT_EQ(profile.law, ToString(law));
    EXPECT_GT(profile.law_share, 0.95);
    EXPECT_EQ(profile.fit_plans, 60);
    EXPECT_EQ(profile.held_out_plans, 60);
    // The same network: no RSSI lies between the two thresholds.
    AirtimeChoices found = truth;
    found.threshold_dbm = profile.threshold.value();
    EXPECT_EQ(InterferenceMap(rssi, found), InterferenceMap(rssi, truth));
    EXPECT_EQ(profile.softness_db, 0);
    EXPECT_NEAR(profile.channel_rate.value() / rate, 1, 0.05);
    EXPECT_LE(profile.channel_rate_low.value(), rate * 1.05);
    EXPECT_GE(profile.channel_rate_high.value(), rate / 1.05);
    // Noise of 0.02 has a median of 0.0135 and a 99 % quantile of 0.0515; the
    // grid of rates adds up to 2.5 % of a share.
    ASSERT_EQ(profile.errors.size(), 2u);
    EXPECT_LT(profile.errors[0].p50, 0.025);
    EXPECT_LT(profile.errors[0].p99, 0.09);
    EXPECT_GT(profile.errors[0].mean_p50, 2 * profile.errors[0].p50);
    EXPECT_TRUE(profile.credible) << profile.reason;
    EXPECT_EQ(profile.ranks.size(), 4u);
    EXPECT_GT(profile.ranks[0].low, SurrogateFitOptions().rank_limit);
    // Folds differ by a step of the grid of rates.
    EXPECT_NEAR(profile.ranks[0].estimate,
                OrderOfTruth(rssi, truth, rate, plans), 0.05);
    EXPECT_LT(profile.ranks[0].low, profile.ranks[0].estimate);
  }
}

TEST(SurrogateFitTest, IsNotCredibleWhereGoodputIsNoise) {
  RngStream stream(8);
  const Eigen::MatrixXd rssi = DrawRssi(&stream);
  auto plans = Measure(rssi, AirtimeChoices(), 80e6, 0, 40, &stream);
  for (PlanMeasurement& one : plans) {
    for (int i = 0; i < kAps; ++i) {
      one.delivered[i] = one.offered[i] * stream.Uniform(0.3, 1);
    }
  }
  const AirtimeProfile profile = Fit(rssi, plans).profile;
  EXPECT_FALSE(profile.credible);
  EXPECT_THAT(profile.reason,
              ::testing::HasSubstr("not credible for training"));
}

// Every plan delivers everything: nothing to order.
TEST(SurrogateFitTest, IsNotCredibleWherePlansDoNotDiffer) {
  RngStream stream(9);
  const Eigen::MatrixXd rssi = DrawRssi(&stream);
  auto plans = Measure(rssi, AirtimeChoices(), 80e6, 0, 20, &stream);
  for (PlanMeasurement& one : plans) one.delivered = one.offered;
  const AirtimeProfile profile = Fit(rssi, plans).profile;
  EXPECT_FALSE(profile.credible);
  EXPECT_TRUE(std::isnan(profile.ranks[0].estimate));
}

// Of two halves with r = 0.6 by hand: sqrt(1.2 / 1.6) = 0.866. Halves that
// oppose each other leave nothing.
TEST(SurrogateFitTest, NoiseLimitsTheCorrelation) {
  RngStream stream(11);
  const Eigen::MatrixXd rssi = DrawRssi(&stream);
  auto plans = Measure(rssi, AirtimeChoices(), 80e6, 0.02, 20, &stream);
  for (int p = 0; p < 20; ++p) {
    plans[p].first_half = p % 5;
    plans[p].second_half = std::vector<double>{1, 2, 0, 4, 3}[p % 5];
  }
  // Sum of squared rank differences 1 + 1 + 4 + 1 + 1 = 8: r = 1 - 6 8 / 120.
  EXPECT_NEAR(Fit(rssi, plans).profile.rank_ceiling, std::sqrt(1.2 / 1.6),
              1e-12);
  for (int p = 0; p < 20; ++p) plans[p].second_half = -plans[p].first_half;
  EXPECT_EQ(Fit(rssi, plans).profile.rank_ceiling, 0);
}

TEST(SurrogateFitTest, WrongMeasurementsAreErrors) {
  RngStream stream(10);
  const Eigen::MatrixXd rssi = DrawRssi(&stream);
  auto plans = Measure(rssi, AirtimeChoices(), 80e6, 0, 20, &stream);
  auto few = plans;
  few.resize(19);
  EXPECT_THROW(Fit(rssi, few), InputError);
  auto other = plans;
  other[3].offered *= 2;
  EXPECT_THROW(Fit(rssi, other), InputError);
  for (PlanMeasurement& one : plans) one.delivered.setZero();
  EXPECT_THROW(Fit(rssi, plans), InputError);
}

// A profile is read back as it was written, and nobody calls it credible by
// hand.
TEST(AirtimeProfileTest, IsReadBack) {
  RngStream stream(7);
  const Eigen::MatrixXd rssi = DrawRssi(&stream);
  AirtimeProfile profile =
      Fit(rssi, Measure(rssi, AirtimeChoices(), 80e6, 0.05, 30, &stream))
          .profile;
  const std::string path = ::testing::TempDir() + "/airtime_profile.yaml";
  const auto write = [&path](const AirtimeProfile& one) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    const std::string text = ToYamlText(one);
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  };
  write(profile);
  Diagnostics diagnostics;
  const auto again = LoadAirtimeProfile(path, &diagnostics);
  ASSERT_TRUE(again) << diagnostics.Format();
  EXPECT_EQ(ToYamlText(*again), ToYamlText(profile));
  AirtimeConfig airtime;
  ApplyProfile(*again, &airtime);
  EXPECT_EQ(airtime.threshold, profile.threshold);
  EXPECT_EQ(airtime.channel_rate, profile.channel_rate);
  profile.ranks[0].low = 0.3;
  profile.credible = true;
  write(profile);
  EXPECT_FALSE(LoadAirtimeProfile(path, &diagnostics));
  EXPECT_THAT(diagnostics.Format(), ::testing::HasSubstr("called credible"));
}

// A scenario takes a profile's values, except those of the command line, and
// says that it is not credible; what is resolved resolves to itself.
TEST(AirtimeProfileTest, AScenarioUsesIt) {
  AirtimeProfile profile;
  profile.law = "union";
  profile.threshold = PowerDbm(-71);
  profile.channel_rate = Mbps(42);
  profile.rank_limit = 0.6;
  profile.reason = "not credible for training: just so";
  const std::string folder = ::testing::TempDir();
  const auto write = [](const std::string& path, const std::string& text) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  };
  write(folder + "/used_profile.yaml", ToYamlText(profile));
  write(folder + "/uses.yaml",
        "schema: 1\nname: x\nwlan:\n  access_points: [{name: a}]\n"
        "  airtime: {law: sum, profile: used_profile.yaml}\n");
  Diagnostics diagnostics;
  const auto resolved = LoadScenario(
      folder + "/uses.yaml", {"wlan.airtime.threshold=-90dBm"}, &diagnostics);
  ASSERT_TRUE(resolved) << diagnostics.Format();
  EXPECT_THAT(diagnostics.Format(),
              ::testing::HasSubstr("not credible for training: just so"));
  const AirtimeConfig& airtime = resolved->scenario().wlan->airtime;
  EXPECT_EQ(airtime.law, "union");
  EXPECT_EQ(airtime.threshold, PowerDbm(-90));
  EXPECT_EQ(airtime.channel_rate, Mbps(42));
  const auto again = ResolveText(resolved->text(), "again", &diagnostics);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->text(), resolved->text());
  EXPECT_EQ(again->sha256(), resolved->sha256());
}

}  // namespace
}  // namespace airlock
