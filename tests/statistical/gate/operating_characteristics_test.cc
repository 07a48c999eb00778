#include "twin/gate/operating_characteristics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "sim/base/rng.h"
#include "sim/stats/interval.h"
#include "twin/gate/evidence.h"

namespace airlock {
namespace {

// The rate must not be above `most`: the lower end of its interval (99.9 %) is
// not.
void ExpectRateAtMost(int64_t count, int64_t trials, double most,
                      const std::string& what) {
  EXPECT_LE(ClopperPearson(count, trials, 0.998).low, most)
      << what << ": " << count << " of " << trials;
}

constexpr LookPlan kOnce = LookPlan::kOnce;
constexpr LookPlan kEvery = LookPlan::kEvery;
constexpr LookPlan kPlanned = LookPlan::kPlanned;

const OperatingPoint* Find(const std::vector<OperatingPoint>& points,
                           LookPlan looks, double cv, int64_t n,
                           double change) {
  for (const OperatingPoint& point : points) {
    if (point.looks == looks && point.cv == cv && point.n == n &&
        point.change == change) {
      return &point;
    }
  }
  return nullptr;
}

// The whole grid with few trials: at or beyond the margin at most 5 % are
// promoted, however often one looks.
TEST(OperatingCharacteristicsTest, FalsePromotionKeepsToItsRateEverywhere) {
  OperatingGrid grid;
  grid.trials = 100;
  const std::vector<OperatingPoint> points =
      SimulateOperatingCharacteristics(grid, {});
  EXPECT_EQ(points.size(), 135u);
  int64_t promoted = 0, at_margin = 0;
  for (const OperatingPoint& point : points) {
    if (!point.MustNotPass(grid)) continue;
    ExpectRateAtMost(point.promoted, point.trials, 0.05,
                     std::to_string(point.cv) + "/" + std::to_string(point.n));
    if (point.change == 0.25) {
      promoted += point.promoted;
      at_margin += point.trials;
    }
  }
  ExpectRateAtMost(promoted, at_margin, 0.05, "at the margin, all cells");
  // It can say yes, and no.
  EXPECT_EQ(Find(points, kOnce, 0.1, 30, 0)->promoted, grid.trials);
  EXPECT_EQ(Find(points, kOnce, 0.1, 30, 0.5)->rejected, grid.trials);
  EXPECT_GT(Find(points, kEvery, 0.1, 60, 0)->promoted, 95);
  EXPECT_LT(Find(points, kEvery, 0.1, 60, 0)->mean_n, 20);
}

// The power of Welch's test on logarithms, by an independent simulation of
// 20000 trials: .892 and .501 at CV .3 and 30 an arm, .418 at CV 1 and 60.
TEST(WideOperatingCharacteristicsTest, PowerIsThatOfTheTextbook) {
  OperatingGrid grid;
  grid.trials = 1000;
  grid.sizes = {30, 60};
  grid.changes = {0, 0.10};
  grid.cvs = {0.3};
  const auto narrow = SimulateOperatingCharacteristics(grid, {});
  const auto near = [](const OperatingPoint* point, double power) {
    EXPECT_NEAR(static_cast<double>(point->promoted) /
                    static_cast<double>(point->trials),
                power, 0.045);
  };
  near(Find(narrow, kOnce, 0.3, 30, 0), 0.892);
  near(Find(narrow, kOnce, 0.3, 30, 0.10), 0.501);
  near(Find(narrow, kOnce, 0.3, 60, 0), 0.992);
  near(Find(narrow, kOnce, 0.3, 60, 0.10), 0.770);
  // Looking after each costs some power and saves replications.
  const OperatingPoint* const every = Find(narrow, kEvery, 0.3, 60, 0);
  EXPECT_GT(every->promoted, 800);
  EXPECT_LT(every->mean_n, 40);
  // Up to a planned number, hardly any.
  const OperatingPoint* const planned = Find(narrow, kPlanned, 0.3, 30, 0);
  EXPECT_GT(planned->promoted, 780);
  EXPECT_LT(planned->mean_n, 29);
}

TEST(OperatingCharacteristicsTest, TheSameGridGivesTheSame) {
  OperatingGrid grid;
  grid.trials = 20;
  grid.sizes = {10};
  grid.cvs = {0.3};
  const auto once = SimulateOperatingCharacteristics(grid, {});
  EXPECT_EQ(OperatingJson(grid, once),
            OperatingJson(grid, SimulateOperatingCharacteristics(grid, {})));
  EXPECT_NE(OperatingText(grid, once).find("must not pass"), std::string::npos);
}

// --- every kind that compares, at its limit ---------------------------------

using Draw = std::function<double(RngStream*)>;

struct AtTheLimit {
  const char* kind;
  const char* margin;
  double quantile;
  int n;
  Draw incumbent;
  double scale;  // the candidate is that times as large: exactly at the margin
};

// Kinds whose quantity scales with the values, on the distributions that
// latencies, errors and counts have.
TEST(AtTheLimitTest, FalsePromotionKeepsToItsRate) {
  const Draw log_normal = [](RngStream* rng) { return rng->LogNormal(1, 1); };
  const Draw gamma = [](RngStream* rng) { return rng->Gamma(0.7, 1); };
  const Draw two_states = [](RngStream* rng) {
    return (rng->Uniform() < 0.8 ? 1 : 5) * rng->LogNormal(1, 0.1);
  };
  const Draw pareto = [](RngStream* rng) {
    return std::pow(1 - rng->Uniform(), -1 / 2.5);
  };
  const AtTheLimit cases[] = {
      {"non-inferiority", "25%", 0, 10, gamma, 1.25},
      {"non-inferiority", "25%", 0, 30, two_states, 1.25},
      {"non-inferiority", "25%", 0, 30, pareto, 1.25},
      {"minimum-gain", "20%", 0, 30, gamma, 0.8},
      {"superiority", "0%", 0, 10, log_normal, 1},
      {"equivalence", "25%", 0, 60, gamma, 1.25},
      {"dispersion", "30%", 0, 30, log_normal, 1.3},
      {"dispersion", "30%", 0, 60, gamma, 1.3},
      {"tail-mean", "30%", 0.9, 200, log_normal, 1.3},
      {"tail-quantile", "30%", 0.95, 100, log_normal, 1.3},
      {"tail-quantile", "30%", 0.95, 300, two_states, 1.3},
      {"tail-quantile", "30%", 0.9, 60, gamma, 1.3},
  };
  constexpr int kTrials = 1500;
  uint64_t key = 100;
  for (const AtTheLimit& c : cases) {
    CriterionConfig config;
    config.kind = c.kind;
    config.margin = c.margin;
    config.kpi = "latency";
    config.on = "measured";
    if (c.quantile > 0) config.quantile = Ratio(c.quantile);
    RngStream rng(++key);
    int promoted = 0, rejected = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
      Evidence evidence;
      KpiSamples& samples = evidence.Samples("latency", KpiSource::kMeasured);
      samples.paired = false;
      KpiSeries& candidate = samples.models["candidate"];
      KpiSeries& incumbent = samples.models["incumbent"];
      candidate.unit = incumbent.unit = "s";
      candidate.clock = incumbent.clock = "simulated";
      for (int i = 0; i < c.n; ++i) {
        candidate.values.push_back(c.scale * c.incumbent(&rng));
        incumbent.values.push_back(c.incumbent(&rng));
      }
      const Outcome outcome =
          FindCriterion(c.kind)->judge(config, evidence).outcome;
      promoted += outcome == Outcome::kPromote ? 1 : 0;
      rejected += outcome == Outcome::kReject ? 1 : 0;
    }
    const std::string what = std::string(c.kind) + " of " + std::to_string(c.n);
    RecordProperty(what, promoted);
    ExpectRateAtMost(promoted, kTrials, 0.05, what + " promoted");
    ExpectRateAtMost(rejected, kTrials, 0.05, what + " rejected");
  }
}

}  // namespace
}  // namespace airlock
