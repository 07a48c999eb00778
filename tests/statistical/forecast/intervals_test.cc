#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/stats/interval.h"
#include "twin/forecast/adaptive_intervals.h"

// Coverage of the prediction intervals, as the pipeline makes them, on streams
// that are neither independent nor stationary.
namespace airlock {
namespace {

// The errors of a forecast over time; `t` counts from the start of the test
// part, the calibration part is before 0.
using Errors = std::function<double(int64_t t, RngStream* rng)>;

constexpr int64_t kCalibration = 300;
constexpr int64_t kTest = 700;

struct Coverage {
  int64_t samples = 0;
  std::vector<int64_t> covered = {0, 0, 0};

  double Share(size_t level) const {
    return static_cast<double>(covered[level]) / static_cast<double>(samples);
  }
};

// Over test samples [begin, end), labels `delay` samples late.
Coverage Measure(const Errors& errors, const AdaptiveOptions& options,
                 uint64_t seed, int64_t delay, int64_t begin, int64_t end) {
  RngStream rng = RngTree(seed).Stream("test/errors", Replication(0));
  std::vector<double> calibration, test;
  for (int64_t t = -kCalibration; t < 0; ++t) {
    calibration.push_back(errors(t, &rng));
  }
  for (int64_t t = 0; t < kTest; ++t) test.push_back(errors(t, &rng));
  AdaptiveIntervals intervals(
      options,
      PointCalibration(std::vector<double>(kCalibration, 0.0), calibration));
  Coverage coverage;
  for (int64_t t = 0; t < kTest; ++t) {
    const double observed = test[static_cast<size_t>(t)];
    const auto issued = intervals.Issue(t, intervals.Base(0));
    if (t >= begin && t < end) {
      ++coverage.samples;
      for (size_t k = 0; k < 3; ++k) {
        coverage.covered[k] += issued[k].Contains(observed);
      }
    }
    if (t >= delay) {
      intervals.Observe(t - delay, test[static_cast<size_t>(t - delay)]);
    }
  }
  return coverage;
}

Errors Normal() {
  return [](int64_t, RngStream* rng) { return rng->Normal(0, 1); };
}

Errors Ar1(double phi) {
  return [phi, last = 0.0](int64_t, RngStream* rng) mutable {
    return last = phi * last + rng->Normal(0, 1);
  };
}

// The spread swings with a period of 200 samples.
Errors Heteroscedastic() {
  return [](int64_t t, RngStream* rng) {
    const double angle = 2 * M_PI * static_cast<double>(t) / 200;
    return rng->Normal(0, 1.5 + std::sin(angle));
  };
}

Errors HeavyTailed() {
  return [](int64_t, RngStream* rng) {
    return rng->Normal(0, 1) / std::sqrt(rng->Gamma(1.5, 1 / 1.5));
  };
}

// From sample 300 on a bias of two, and three times the spread.
Errors Shifted() {
  return [](int64_t t, RngStream* rng) {
    return t < 300 ? rng->Normal(0, 1) : rng->Normal(2, 3);
  };
}

// Creeps away by three standard deviations.
Errors Drifting() {
  return [](int64_t t, RngStream* rng) {
    const double along = static_cast<double>(std::max<int64_t>(t, 0)) / kTest;
    return rng->Normal(3 * along, 1);
  };
}

struct Stream {
  const char* name;
  Errors (*make)();
};

const std::vector<Stream>& Streams() {
  static const std::vector<Stream> streams = {
      {"normal", Normal},
      {"AR(1) 0.5", [] { return Ar1(0.5); }},
      {"AR(1) 0.9", [] { return Ar1(0.9); }},
      {"heteroscedastic", Heteroscedastic},
      {"t3", HeavyTailed},
      {"shifted", Shifted},
      {"drifting", Drifting},
  };
  return streams;
}

constexpr double kLevels[] = {0.8, 0.9, 0.95};
constexpr int kSeeds = 30;

// On held-out time within two points of each level: over the seeds together,
// beyond what Clopper and Pearson's interval leaves to chance, and for nearly
// all seeds one by one.
TEST(AdaptiveIntervals, CoverHeldOutTime) {
  for (const Stream& stream : Streams()) {
    for (const int64_t delay : {0, 4}) {
      std::printf("%-16s delay %ld ", stream.name, static_cast<long>(delay));
      for (size_t k = 0; k < 3; ++k) {
        int64_t covered = 0, samples = 0;
        int near = 0;
        for (int seed = 0; seed < kSeeds; ++seed) {
          const Coverage coverage = Measure(
              stream.make(), {}, static_cast<uint64_t>(seed), delay, 0, kTest);
          covered += coverage.covered[k];
          samples += coverage.samples;
          near += std::abs(coverage.Share(k) - kLevels[k]) <= 0.02;
        }
        const Interval share = ClopperPearson(covered, samples, 0.99);
        std::printf("  %.4f (%d/%d)", share.estimate, near, kSeeds);
        EXPECT_GT(share.low, kLevels[k] - 0.02) << stream.name << " " << delay;
        EXPECT_LT(share.high, kLevels[k] + 0.02) << stream.name << " " << delay;
        EXPECT_GE(near, kSeeds * 8 / 10)
            << stream.name << " " << kLevels[k] << " " << delay;
      }
      std::printf("\n");
    }
  }
}

// The 200 samples from the shift on, in which the old errors tell nothing of
// the new ones: within five points, where split conformal is far off.
TEST(AdaptiveIntervals, CoverAfterAShift) {
  AdaptiveOptions split;
  split.adaptation = Adaptation::kNone;
  for (size_t k = 0; k < 3; ++k) {
    double adaptive_share = 0, split_share = 0;
    int near = 0;
    for (int seed = 0; seed < kSeeds; ++seed) {
      const uint64_t key = static_cast<uint64_t>(seed);
      const double share = Measure(Shifted(), {}, key, 0, 300, 500).Share(k);
      adaptive_share += share / kSeeds;
      near += std::abs(share - kLevels[k]) <= 0.05;
      split_share +=
          Measure(Shifted(), split, key, 0, 300, 500).Share(k) / kSeeds;
    }
    std::printf("after the shift, %.2f: %.3f (%d/%d), split conformal %.3f\n",
                kLevels[k], adaptive_share, near, kSeeds, split_share);
    EXPECT_NEAR(adaptive_share, kLevels[k], 0.05);
    EXPECT_GE(near, kSeeds * 8 / 10);
    EXPECT_LT(split_share, kLevels[k] - 0.2);
  }
}

}  // namespace
}  // namespace airlock
