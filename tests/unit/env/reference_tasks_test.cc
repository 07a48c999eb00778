#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "agents/env/env_table.h"
#include "sim/base/error.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using ::airlock::testing::ErrorOf;
using ::testing::HasSubstr;

struct Rollout {
  int steps = 0;
  double reward = 0;
  bool terminated = false;
  std::vector<double> state;
};

// `act` knows the step and the state.
Rollout Play(const std::string& task, const std::vector<double>& start,
             const std::function<double(int, const std::vector<double>&)>& act,
             int most) {
  const auto env = ReferenceTaskNamed(task).create();
  env->Reset(RngStream(1));
  env->Load(start);
  Rollout rollout;
  rollout.state = start;
  while (rollout.steps < most && !rollout.terminated) {
    const double action = act(rollout.steps, rollout.state);
    const Env::Outcome outcome = env->Step(&action, nullptr);
    ++rollout.steps;
    rollout.reward += outcome.reward;
    rollout.terminated = outcome.terminated;
    rollout.state = env->Save().get<std::vector<double>>();
  }
  return rollout;
}

// Gymnasium 1.4.0's environments, with their state set and these actions.
TEST(ReferenceTasks, EqualGymnasium) {
  const std::vector<double> cart = {0.01, -0.02, 0.03, 0.04};
  Rollout seen = Play(
      "cart-pole", cart, [](int k, const auto&) { return k / 2 % 2; }, 60);
  EXPECT_EQ(seen.steps, 18);
  EXPECT_TRUE(seen.terminated);
  EXPECT_EQ(seen.state,
            (std::vector<double>{-0.06647387904657323, -0.43428112358646653,
                                 0.20985489824795936, 1.1788287530541846}));
  seen = Play(
      "cart-pole", cart,
      [](int, const std::vector<double>& s) {
        return s[2] + 0.3 * s[3] + 0.02 * s[0] + 0.05 * s[1] > 0;
      },
      500);
  EXPECT_EQ(seen.steps, 500);
  EXPECT_EQ(seen.state,
            (std::vector<double>{1.1391403007165075, -0.02621315839132851,
                                 -0.006755495039132661, 0.17704648873211315}));

  seen = Play(
      "acrobot", {0.05, -0.04, 0.03, 0.02},
      [](int k, const auto&) { return k * 7 / 3 % 3; }, 120);
  EXPECT_EQ(seen.reward, -120);
  EXPECT_EQ(seen.state,
            (std::vector<double>{-0.05187653250277477, 0.13253723301211412,
                                 0.36607848696250334, -0.6764399044558784}));
  seen = Play(
      "acrobot", {2.0, 0.5, 1.0, -3.0},
      [](int k, const auto&) { return 2 * (k / 4 % 2); }, 400);
  EXPECT_EQ(seen.steps, 10);
  EXPECT_EQ(seen.reward, -9);
  EXPECT_EQ(seen.state,
            (std::vector<double>{-2.6544674907316628, 0.7568533793540018,
                                 -0.23858478137749417, -1.2537655957346263}));

  seen = Play(
      "pendulum", {3.0, 0.2},
      [](int k, const auto&) { return 2 * std::sin(k * 0.7); }, 100);
  EXPECT_DOUBLE_EQ(seen.reward, -902.7030541484662);
  EXPECT_EQ(seen.state,
            (std::vector<double>{3.072899832629347, 0.44692623188969977}));
}

TEST(ReferenceTasks, StartWhereTheirsDo) {
  for (const ReferenceTask& task : ReferenceTasks()) {
    const auto env = task.create();
    std::vector<double> state;
    for (uint64_t key = 0; key < 100; ++key) {
      env->Reset(RngStream(key));
      const auto start = env->Save().get<std::vector<double>>();
      EXPECT_NE(start, state) << task.name;
      state = start;
      const double most = task.name == "cart-pole" ? 0.05
                          : task.name == "acrobot" ? 0.1
                                                   : M_PI;
      for (const double value : state) EXPECT_LE(std::abs(value), most);
    }
  }
}

TEST(ReferenceTasks, WrongStatesAndNames) {
  EXPECT_THAT(ErrorOf([] { ReferenceTaskNamed("cartpole"); }),
              HasSubstr("known: cart-pole, acrobot, pendulum"));
  const auto env = ReferenceTaskNamed("acrobot").create();
  EXPECT_THAT(ErrorOf([&] {
                env->Load({1, 2, 3});
              }),
              HasSubstr("a saved state is 4 numbers, not [1,2,3]"));
  EXPECT_THAT(ErrorOf([&] {
                env->Load({1, 2, 3, nullptr});
              }),
              HasSubstr("4 numbers"));
}

}  // namespace
}  // namespace airlock
