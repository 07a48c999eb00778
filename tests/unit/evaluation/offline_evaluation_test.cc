#include "agents/evaluation/offline_evaluation.h"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <map>

#include "sim/base/rng.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// --- Against an independent computation
// ---------------------------------------

// Forty episodes without a random number, of three steps or (every fifth) two.
DecisionLog Formula() {
  DecisionLog log;
  log.features = {"s"};
  log.actions = 2;
  for (int i = 0; i < 40; ++i) {
    log.episodes.emplace_back();
    for (int t = 0; t < (i % 5 == 4 ? 2 : 3); ++t) {
      const double s = ((i * 7 + t * 5) % 11) / 10.0;
      const double by_behaviour = 0.3 + 0.4 * s;  // of action 1
      const double by_target = 0.2 + 0.7 * s;
      LoggedDecision one;
      one.features = {s};
      one.action = (i * 3 + t * t + i / 4) % 2;
      one.propensity = one.action == 1 ? by_behaviour : 1 - by_behaviour;
      one.reward = 1 + 0.5 * static_cast<double>(one.action) * s - 0.3 * t +
                   ((i * 13 + t * 17) % 10) / 20.0;
      one.target = {1 - by_target, by_target};
      log.episodes.back().push_back(one);
    }
  }
  return log;
}

TEST(OfflineEvaluationTest, EqualsAnIndependentComputation) {
  // By numpy from the formulas of the papers: products of ratios by episode,
  // lstsq on rows augmented by the ridge, Jiang and Li's recursion.
  OfflineOptions options;
  options.gamma = 0.9;
  const OfflineAnswer answer = EvaluateOffline(Formula(), options);
  const auto expect = [&](const OfflineEstimate& one, double value,
                          double error) {
    EXPECT_NEAR(one.value.estimate, value, 1e-9) << one.estimator;
    EXPECT_NEAR(one.standard_error, error, 1e-9) << one.estimator;
  };
  expect(answer.Find("is"), 3.0765395999273033, 0.2395347936583628);
  expect(answer.Find("wis"), 2.9349322844957006, 0.06171375715074953);
  expect(answer.Find("pdis"), 2.9307730267819694, 0.1691163507044336);
  expect(answer.Find("dr"), 2.9073649615540846, 0.05271711112531713);
  expect(answer.logged, 2.843025, 0.05627099024318585);
  expect(answer.improvement, 0.06433996155408413, 0.029186830033435276);
  EXPECT_NEAR(answer.Find("fqe").value.estimate, 2.903941560425674, 1e-9);
  EXPECT_NEAR(answer.effective_samples, 34.31818532290832, 1e-9);
  EXPECT_EQ(answer.episodes, 40);
  EXPECT_THAT(answer.refusal, HasSubstr("34.3 effective samples of 40"));
}

// --- Against the truth
// ----------------------------------------------------------

constexpr int kStates = 4;
constexpr int kActions = 2;
constexpr int kHorizon = 6;

// A chain that is walked up (action 1) or down, with slips; the reward depends
// on place and action and has an error of its own.
struct Chain {
  static double Reward(int state, int action) {
    return 0.25 * state - 0.1 * action;
  }
  static std::array<double, kStates> Next(int state, int action) {
    std::array<double, kStates> p = {};
    const int up = std::min(state + 1, kStates - 1);
    const int down = std::max(state - 1, 0);
    p[action == 1 ? up : down] += 0.7;
    p[state] += 0.2;
    p[action == 1 ? down : up] += 0.1;
    return p;
  }
  static double Behaviour(int state) { return 0.35 + 0.05 * state; }
  static double Target(int state) { return 0.55 + 0.1 * state; }

  // By dynamic programming.
  static double Truth() {
    std::array<double, kStates> value = {};
    for (int t = 0; t < kHorizon; ++t) {
      std::array<double, kStates> before = {};
      for (int s = 0; s < kStates; ++s) {
        for (int a = 0; a < kActions; ++a) {
          double q = Reward(s, a);
          const auto next = Next(s, a);
          for (int n = 0; n < kStates; ++n) q += next[n] * value[n];
          before[s] += (a == 1 ? Target(s) : 1 - Target(s)) * q;
        }
      }
      value = before;
    }
    return (value[0] + value[1]) / 2;  // begins in one of these
  }
};

DecisionLog Walk(int episodes, uint64_t seed) {
  RngStream rng = RngTree(seed).Stream("test/chain", Replication(0));
  DecisionLog log;
  log.features = {"in0", "in1", "in2"};
  log.actions = kActions;
  for (int e = 0; e < episodes; ++e) {
    log.episodes.emplace_back();
    int state = static_cast<int>(rng.UniformInt(2));
    for (int t = 0; t < kHorizon; ++t) {
      LoggedDecision one;
      for (int s = 0; s < 3; ++s) one.features.push_back(s == state);
      const double up = Chain::Behaviour(state);
      one.action = rng.Uniform() < up;
      one.propensity = one.action == 1 ? up : 1 - up;
      one.reward = Chain::Reward(state, static_cast<int>(one.action)) +
                   rng.Normal(0, 0.2);
      one.target = {1 - Chain::Target(state), Chain::Target(state)};
      const auto next = Chain::Next(state, static_cast<int>(one.action));
      double u = rng.Uniform();
      for (state = 0; state < kStates - 1 && u >= next[state]; ++state) {
        u -= next[state];
      }
      log.episodes.back().push_back(one);
    }
  }
  return log;
}

// How often each 95 % interval holds the truth, and how often the answer is
// refused although all is well.
struct Coverage {
  std::map<std::string, int> covered;
  int refused = 0;
};

Coverage Cover(int seeds, int episodes, const OfflineOptions& options) {
  Coverage coverage;
  for (int seed = 1; seed <= seeds; ++seed) {
    const OfflineAnswer answer =
        EvaluateOffline(Walk(episodes, static_cast<uint64_t>(seed)), options);
    for (const OfflineEstimate& one : answer.estimates) {
      coverage.covered[one.estimator] += one.value.Contains(Chain::Truth());
    }
    coverage.refused += !answer.refusal.empty();
  }
  return coverage;
}

TEST(OfflineEvaluationTest, FindsTheTruthOfAChain) {
  const OfflineAnswer answer = EvaluateOffline(Walk(500, 1));
  const double truth = Chain::Truth();
  EXPECT_EQ(answer.refusal, "");
  EXPECT_GT(answer.effective_samples, 50);
  EXPECT_LT(answer.effective_samples, 300);
  for (const OfflineEstimate& one : answer.estimates) {
    EXPECT_LT(std::abs(one.value.estimate - truth), 4 * one.standard_error)
        << one.estimator;
  }
  // A model of the chain helps.
  const double is = answer.Find("is").standard_error;
  EXPECT_LT(answer.Find("pdis").standard_error, is);
  EXPECT_LT(answer.Find("dr").standard_error, is / 2);
  EXPECT_GT(answer.improvement.value.low, 0);
}

TEST(OfflineEvaluationTest, IntervalsOfWeightsAndDoublyRobustCover) {
  OfflineOptions options;
  options.resamples = 2;  // FQE is not looked at here
  Coverage coverage = Cover(60, 300, options);
  // 95 % of 60: at least 52 with probability 0.997 where coverage is 95 %, and
  // weights are skew at this size.
  for (const char* name : {"pdis", "wis", "dr"}) {
    EXPECT_GE(coverage.covered[name], 50) << name;
  }
}

TEST(WideOfflineEvaluationTest, IntervalsCoverAndGoodLogsAreAnswered) {
  Coverage coverage = Cover(200, 500, {});
  for (const char* name : {"is", "pdis", "wis", "dr", "fqe"}) {
    RecordProperty(name, coverage.covered[name]);
    EXPECT_GE(coverage.covered[name], 178) << name;  // 89 %
  }
  EXPECT_GE(coverage.covered["dr"], 182);  // 91 %: 0.007 at 95 %
  RecordProperty("refused", coverage.refused);
  EXPECT_LE(coverage.refused, 30);
}

// --- Refusals and errors
// --------------------------------------------------------

TEST(OfflineEvaluationTest, RefusesWhereTheLogSaysTooLittle) {
  DecisionLog log = Walk(500, 2);
  for (auto& episode : log.episodes) {
    for (auto& one : episode) one.target = {0, 1};
  }
  const OfflineAnswer answer = EvaluateOffline(log);
  EXPECT_LT(answer.effective_samples, 50);
  EXPECT_THAT(answer.refusal, HasSubstr("effective samples of 500 episodes"));
  // Nothing of the target's was ever done.
  for (auto& episode : log.episodes) {
    for (auto& one : episode) {
      one.action = 0;
      one.propensity = 1;
    }
  }
  EXPECT_EQ(EvaluateOffline(log).effective_samples, 0);
  EXPECT_NE(EvaluateOffline(log).refusal, "");
}

TEST(OfflineEvaluationTest, RefusesWherePropensitiesAreWrong) {
  DecisionLog log = Walk(500, 3);
  for (auto& episode : log.episodes) {
    for (auto& one : episode) one.propensity = 0.6;
  }
  const OfflineAnswer answer = EvaluateOffline(log);
  EXPECT_GT(answer.effective_samples, 50);
  EXPECT_THAT(answer.refusal, HasSubstr("the estimators disagree"));
}

TEST(OfflineEvaluationTest, TheSamePolicyIsWorthWhatItEarned) {
  DecisionLog log = Walk(200, 4);
  for (auto& episode : log.episodes) {
    for (auto& one : episode) {
      one.target[one.action] = one.propensity;
      one.target[1 - one.action] = 1 - one.propensity;
    }
  }
  const OfflineAnswer answer = EvaluateOffline(log);
  EXPECT_EQ(answer.effective_samples, 200);
  for (const char* name : {"is", "wis", "pdis"}) {
    EXPECT_NEAR(answer.Find(name).value.estimate, answer.logged.value.estimate,
                1e-9);
  }
  EXPECT_TRUE(answer.improvement.value.Contains(0));
  EXPECT_EQ(answer.refusal, "");
}

TEST(DecisionLogTest, ReadsWhatItSays) {
  const DecisionLog log = ParseDecisionLog(
      "episode,step,action,propensity,reward,x.load,p.0,p.1\n"
      "3,0,1,0.5,-1.5,0.2,0.25,0.75\n"
      "3,1,0,0.5,2,0.4,1,0\n"
      "5,0,0,1,0,0.1,0.5,0.5\n",
      "log.csv");
  ASSERT_EQ(log.episodes.size(), 2u);
  EXPECT_EQ(log.decisions(), 3);
  EXPECT_EQ(log.horizon(), 2);
  EXPECT_EQ(log.actions, 2);
  EXPECT_EQ(log.features, std::vector<std::string>{"load"});
  EXPECT_EQ(log.episodes[0][0].reward, -1.5);
  EXPECT_EQ(log.episodes[0][1].target[0], 1);
}

TEST(DecisionLogTest, SaysWhatIsWrongAndWhere) {
  const auto error = [](const std::string& rows) {
    return ErrorOf([&] {
      ParseDecisionLog("episode,step,action,propensity,reward,p.0,p.1\n" + rows,
                       "log.csv");
    });
  };
  EXPECT_EQ(error(""), "log.csv: the log is empty");
  EXPECT_THAT(error("0,0,2,0.5,1,0.5,0.5\n"),
              HasSubstr("log.csv:2: action 2 of 2; they count from 0"));
  EXPECT_THAT(error("0,0,1,0,1,0.5,0.5\n"), HasSubstr("a propensity of 0"));
  EXPECT_THAT(error("0,0,1,1,nan,0.5,0.5\n"), HasSubstr("a reward of nan"));
  EXPECT_THAT(error("0,0,1,1,1,0.5,0.6\n"), HasSubstr("add up to 1.1"));
  EXPECT_THAT(error("0,0,1,1,1,0.5\n"), HasSubstr("6 values in 7 columns"));
  EXPECT_THAT(error("0,0,1,1,x,0.5,0.5\n"), HasSubstr("'x' is no number"));
  EXPECT_THAT(error("0,1,1,1,1,0.5,0.5\n"), HasSubstr("where step 0 is due"));
  EXPECT_THAT(error("0,0,1,1,1,0.5,0.5\n1,0,1,1,1,0.5,0.5\n"
                    "0,1,1,1,1,0.5,0.5\n"),
              HasSubstr("log.csv:4: episode 0 goes on after another one"));
  EXPECT_THAT(ErrorOf([] { ParseDecisionLog("episode,step\n", "l"); }),
              HasSubstr("l:1: there is no column 'action'"));
  EXPECT_THAT(ErrorOf([] {
                ParseDecisionLog(
                    "episode,step,action,propensity,reward,p.0,colour\n", "l");
              }),
              HasSubstr("l:1: unknown column 'colour'"));
}

}  // namespace
}  // namespace airlock
