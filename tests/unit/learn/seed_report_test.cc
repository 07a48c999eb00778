#include "agents/learn/seed_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agents/env/safety_tally.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// The card of a training that returned `score` at this mean churn of at most 8.
json Card(int64_t seed, double score, double churn) {
  SafetyTally tally;
  tally.plans = 100;
  tally.refused[2] = seed;
  const json cost = {{"cost", "churn"},
                     {"mean", churn},
                     {"upper_bound", churn + 0.5},
                     {"cvar_90", churn + 1},
                     {"limit", 8},
                     {"within_limit", churn + 0.5 <= 8}};
  const json policy = {{"mean", score}, {"costs", json::array({cost})}};
  return {{"task", "plans"},
          {"digests", {{"task", "d"}}},
          {"algorithm", "ppo"},
          {"seed", seed},
          {"steps", 10},
          {"evaluation", {{"episodes", 5}, {"last", policy}, {"best", policy}}},
          {"safety", {{"training", ToJson(tally)}, {"evaluation", nullptr}}},
          {"runtime", {{"cpu_seconds", 2.5}}}};
}

json Together(int64_t seeds, double first_score) {
  std::vector<json> cards;
  for (int64_t seed = 1; seed <= seeds; ++seed) {
    cards.push_back(Card(seed, first_score + static_cast<double>(seed),
                         seed <= 3 ? 7.6 : 7));
    cards.back()["safety"]["evaluation"] = ToJson(SafetyTally());
  }
  return SeedsTogether(cards);
}

TEST(SeedReport, CostsAndSafetyOfAllSeeds) {
  const json together = Together(10, 0);
  EXPECT_EQ(together.at("best").at("interquartile_mean"), 5.5);
  const json& churn = together.at("best").at("costs").at(0);
  EXPECT_EQ(churn.at("seeds_within"), 7);
  EXPECT_EQ(churn.at("upper_bounds").at(0), 8.1);
  const json& training = together.at("safety").at("training");
  EXPECT_EQ(training.at("plans"), 1000);
  EXPECT_EQ(training.at("refused").at("dwell"), 55);
  EXPECT_EQ(together.at("runtime").at("cpu_seconds"), 25);
  const std::string text = SeedsText("out", together);
  EXPECT_THAT(text, HasSubstr("within the limit of 8 in 7 of 10 seeds"));
  EXPECT_THAT(text, HasSubstr("training: 0 of 1000 plans unsafe; at most "
                              "0.299 % (95 %); refused: dwell 55"));
}

// Scores 1 to 10 against 6 to 15. Both have the standard deviation 3.0276504,
// so each mean is known to t(9, .975) = 2.2621572 times .9574271, and the
// difference to the root of two of that. Of 100 pairs 10 are won and 5 tied:
// sum over ours k of theirs below, max(0, k - 6), is 10.
TEST(SeedReport, AgainstOtherSeeds) {
  const json against = CompareSeeds(Together(10, 0), Together(10, 5), "other");
  const json& difference = against.at("difference");
  EXPECT_NEAR(difference.at("estimate").get<double>(), -5, 1e-12);
  EXPECT_NEAR(difference.at("low").get<double>(), -5 - 3.0629753, 1e-5);
  EXPECT_NEAR(difference.at("high").get<double>(), -5 + 3.0629753, 1e-5);
  EXPECT_NEAR(against.at("improvement").at("estimate").get<double>(), 0.125,
              1e-12);
  EXPECT_THAT(testing::ErrorOf([] {
                CompareSeeds(Together(9, 0), Together(10, 5), "other");
              }),
              HasSubstr("9 training runs are too few"));
}

}  // namespace
}  // namespace airlock
