#include "sim/surrogate/airtime_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace airlock {
namespace {

ChannelTable Table(int levels) {
  return ChannelTable(ReferenceChannels(), levels);
}

// 0 hears 1 and 2, 1 hears 0, 2 hears nobody.
Eigen::MatrixXd ThreeAps() {
  Eigen::MatrixXd m(3, 3);
  m << 0, 1, 1,  //
      1, 0, 0,   //
      0, 0, 0;
  return m;
}

Eigen::ArrayXd Loads(std::initializer_list<double> values) {
  Eigen::ArrayXd loads(values.size());
  std::copy(values.begin(), values.end(), loads.data());
  return loads;
}

Regret StepOne(AirtimeBatch* batch, const ChannelPlan& plan,
               const Eigen::ArrayXd& before, const Eigen::ArrayXd& after) {
  std::vector<Regret> regrets;
  batch->Step(plan, before, after, &regrets);
  EXPECT_EQ(regrets.size(), 1u);
  return regrets.front();
}

TEST(AirtimeBatchTest, AllOnOneChannelByHand) {
  AirtimeBatch batch(Table(1), AirtimeChoices());
  batch.Add(ThreeAps());
  const ChannelPlan same(3);
  const Regret regret =
      StepOne(&batch, same, Loads({1, 1, 1}), Loads({0.5, 0.1, 0.6}));
  EXPECT_DOUBLE_EQ(batch.utilisation()[0], 0.1 + 0.6);
  EXPECT_DOUBLE_EQ(batch.utilisation()[1], 0.5);
  EXPECT_DOUBLE_EQ(batch.utilisation()[2], 0);
  // rho(0.7) 0.5 + rho(0.5) 0.1 + rho(0) 0.6
  EXPECT_NEAR(regret.service, 2.741113 * 0.5 + 2.445954 * 0.1 + 2.079442 * 0.6,
              2e-6);
  EXPECT_EQ(regret.change, 0);
  EXPECT_EQ(regret.total, regret.service);
  EXPECT_EQ(regret.overloads, 0);
}

TEST(AirtimeBatchTest, ChangesCostTheLoadBefore) {
  AirtimeChoices choices;
  choices.change_weight = 2;
  AirtimeBatch batch(Table(2), choices);
  batch.Add(ThreeAps());
  // 0 moves, 1 bonds on its channel, 2 stays.
  const Regret regret = StepOne(&batch, {{3, 0}, {0, 1}, {0, 0}},
                                Loads({0.25, 0.5, 0.125}), Loads({0, 0, 0}));
  EXPECT_DOUBLE_EQ(regret.change, 0.75);
  EXPECT_EQ(regret.service, 0);
  EXPECT_DOUBLE_EQ(regret.total, 1.5);
  // The same plan again costs nothing.
  EXPECT_EQ(StepOne(&batch, {{3, 0}, {0, 1}, {0, 0}}, Loads({1, 1, 1}),
                    Loads({0, 0, 0}))
                .change,
            0);
}

TEST(AirtimeBatchTest, BondingHalvesTheShareAndTakesTheBusierHalf) {
  AirtimeBatch batch(Table(2), AirtimeChoices());
  batch.Add(ThreeAps());
  // 0 on 36+40; 1 on 40; 2 on 36+40 bonded as well: 36 has 0.4, 40 has 0.7.
  const Regret regret = StepOne(&batch, {{0, 1}, {1, 0}, {1, 1}},
                                Loads({0, 0, 0}), Loads({1.4, 0.3, 0.8}));
  EXPECT_DOUBLE_EQ(batch.utilisation()[0], 0.3 + 0.4);
  EXPECT_DOUBLE_EQ(batch.utilisation()[1], 0.7);  // 1.4 / 2
  EXPECT_NEAR(regret.service, 2.047965 * 1.4 + 2.741113 * 0.3 + 1.386294 * 0.8,
              4e-6);
  EXPECT_EQ(regret.overloads, 0);
}

TEST(AirtimeBatchTest, UnionAndOwnLoadAreChoices) {
  AirtimeChoices choices;
  choices.law = OccupancyLaw::kUnion;
  AirtimeBatch batch(Table(1), choices);
  batch.Add(ThreeAps());
  StepOne(&batch, ChannelPlan(3), Loads({0, 0, 0}), Loads({0.5, 0.2, 0.5}));
  EXPECT_DOUBLE_EQ(batch.utilisation()[0], 1 - 0.8 * 0.5);
  choices.own_load = true;
  AirtimeBatch own(Table(1), choices);
  own.Add(ThreeAps());
  StepOne(&own, ChannelPlan(3), Loads({0, 0, 0}), Loads({0.5, 0.2, 0.5}));
  EXPECT_DOUBLE_EQ(own.utilisation()[0], 1 - 0.8 * 0.5 * 0.5);
  EXPECT_DOUBLE_EQ(own.utilisation()[2], 0.5);
  choices.law = OccupancyLaw::kSum;
  AirtimeBatch sum(Table(2), choices);
  sum.Add(ThreeAps());
  StepOne(&sum, {{0, 1}, {4, 0}, {1, 0}}, Loads({0, 0, 0}),
          Loads({0.5, 0.2, 0.5}));
  EXPECT_DOUBLE_EQ(sum.utilisation()[0], 0.25 + 0.5);
}

TEST(AirtimeBatchTest, ALoadAboveTheChannelCountsAndIsNotClipped) {
  AirtimeBatch batch(Table(2), AirtimeChoices());
  batch.Add(ThreeAps());
  const Regret alone = StepOne(&batch, {{0, 0}, {2, 0}, {4, 1}},
                               Loads({0, 0, 0}), Loads({1.5, 1, 1.5}));
  EXPECT_EQ(alone.overloads, 1);  // 2 has two channels, 1 just fits
  EXPECT_NEAR(alone.service, 2.079442 * 2.5 + 1.386294 * 1.5, 4e-6);
  const Regret heard = StepOne(&batch, {{0, 0}, {0, 0}, {4, 1}},
                               Loads({0, 0, 0}), Loads({1.5, 1, 0}));
  EXPECT_DOUBLE_EQ(batch.utilisation()[1], 1.5);
  EXPECT_NEAR(heard.service, 4.154448 * 1.5 + 9.006870 * 1, 4e-6);
}

TEST(AirtimeBatchTest, NetworksOfSeveralSizesDoNotMeet) {
  AirtimeBatch both(Table(1), AirtimeChoices());
  both.Add(ThreeAps());
  both.Add(Eigen::MatrixXd::Zero(1, 1));
  both.Add(ThreeAps());
  EXPECT_EQ(both.networks(), 3);
  EXPECT_EQ(both.access_points(), 7);
  std::vector<Regret> regrets;
  const Eigen::ArrayXd loads = Loads({0.5, 0.1, 0.6, 1, 0.5, 0.1, 0.6});
  both.Step(ChannelPlan(7), loads, loads, &regrets);
  EXPECT_NEAR(regrets[0].total, regrets[2].total, 1e-14);
  EXPECT_NEAR(regrets[1].total, 2.079442, 1e-6);
}

TEST(AirtimeBatchTest, WrongInputIsNamed) {
  AirtimeBatch batch(Table(2), AirtimeChoices());
  batch.Add(ThreeAps());
  batch.Add(ThreeAps());
  const auto message = [&batch](ChannelPlan plan, Eigen::ArrayXd loads) {
    std::vector<Regret> regrets;
    try {
      batch.Step(plan, loads, loads, &regrets);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const Eigen::ArrayXd good = Eigen::ArrayXd::Zero(6);
  ChannelPlan plan(6);
  plan[4] = {8, 1};
  EXPECT_THAT(message(plan, good),
              ::testing::HasSubstr("network 1, access point 1: channel index 8 "
                                   "with bonding index 1 is not in the table"));
  EXPECT_EQ(batch.access_points(), 6);
  Eigen::ArrayXd loads = good;
  loads[2] = -0.1;
  EXPECT_THAT(
      message(ChannelPlan(6), loads),
      ::testing::HasSubstr("network 0, access point 2: a load of -0.1"));
  loads[2] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(message(ChannelPlan(6), loads), ::testing::HasSubstr("nan"));
  EXPECT_THROW(batch.Add(Eigen::MatrixXd::Zero(2, 3)), InputError);
  EXPECT_THROW(batch.Add(Eigen::MatrixXd::Constant(2, 2, 1.5)), InputError);
}

// A wrong plan or load leaves the batch as it was.
TEST(AirtimeBatchTest, AWrongStepChangesNothing) {
  AirtimeBatch batch(Table(2), AirtimeChoices());
  batch.Add(ThreeAps());
  const Eigen::ArrayXd loads = Loads({0.5, 0.5, 0.5});
  std::vector<Regret> regrets;
  EXPECT_THROW(batch.Step({{1, 0}, {1, 0}, {9, 0}}, loads, loads, &regrets),
               InputError);
  EXPECT_EQ(StepOne(&batch, ChannelPlan(3), loads, loads).change, 0);
}

}  // namespace
}  // namespace airlock
