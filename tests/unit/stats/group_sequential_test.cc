#include "sim/stats/group_sequential.h"

#include <gtest/gtest.h>

#include <cmath>

namespace airlock {
namespace {

std::vector<double> EvenLooks(int count) {
  std::vector<double> information;
  for (int i = 1; i <= count; ++i) {
    information.push_back(static_cast<double>(i) / count);
  }
  return information;
}

// Five even looks, two-sided 5 %: the values of Lan and DeMets' own program,
// as the package ldbounds and Jennison and Turnbull tabulate them.
TEST(GroupSequentialTest, BoundsAreTheTabulatedOnes) {
  const double obrien_fleming[] = {4.8769, 3.3570, 2.6803, 2.2898, 2.0310};
  const double pocock[] = {2.4380, 2.4268, 2.4102, 2.3966, 2.3860};
  const auto of =
      GroupSequentialBounds(EvenLooks(5), 0.05, 2, Spending::kObrienFleming);
  const auto pc =
      GroupSequentialBounds(EvenLooks(5), 0.05, 2, Spending::kPocock);
  ASSERT_EQ(of.size(), 5u);
  ASSERT_EQ(pc.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(of[i].critical, obrien_fleming[i], 2e-4) << i;
    EXPECT_NEAR(pc[i].critical, pocock[i], 2e-4) << i;
  }
  EXPECT_NEAR(of[4].spent, 0.05, 1e-12);
}

TEST(GroupSequentialTest, OneLookIsTheOrdinaryTest) {
  for (Spending spending :
       {Spending::kObrienFleming, Spending::kPocock, Spending::kQuadratic}) {
    const auto looks = GroupSequentialBounds({1}, 0.05, 1, spending);
    ASSERT_EQ(looks.size(), 1u);
    EXPECT_NEAR(looks[0].critical, 1.6448536, 1e-6);
    EXPECT_NEAR(looks[0].nominal_alpha, 0.05, 1e-7);
  }
}

TEST(GroupSequentialTest, WrongArgumentsGiveNoBounds) {
  const Spending spending = Spending::kPocock;
  EXPECT_TRUE(GroupSequentialBounds({}, 0.05, 1, spending).empty());
  EXPECT_TRUE(GroupSequentialBounds({0.5, 0.5}, 0.05, 1, spending).empty());
  EXPECT_TRUE(GroupSequentialBounds({0.5, 1}, 0, 1, spending).empty());
  EXPECT_TRUE(GroupSequentialBounds({0.5, 1}, 0.05, 3, spending).empty());
}

}  // namespace
}  // namespace airlock
