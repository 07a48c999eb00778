#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/mersenne_twister.h"
#include "twin/drift/adwin.h"
#include "twin/drift/change_statistic.h"
#include "twin/drift/cusum.h"
#include "twin/drift/ddm.h"
#include "twin/drift/ewma.h"
#include "twin/drift/hddm.h"
#include "twin/drift/kswin.h"
#include "twin/drift/page_hinkley.h"

namespace airlock::testing {

using Stream = std::vector<double>;

// The streams that published detectors are shown on. The comments are the
// Python that makes the same numbers.

// numpy.random.seed(12345); randint(2, size=1000), randint(8, size=1000)
inline Stream Integers() {
  auto random = MersenneTwister::Numpy(12345);
  Stream x;
  for (int i = 0; i < 2000; ++i) x.push_back(random.Integer(i < 1000 ? 2 : 8));
  return x;
}

// numpy.random.seed(12345); binomial(1, .2) 1000 times, binomial(1, .8)
inline Stream Errors() {
  auto random = MersenneTwister::Numpy(12345);
  Stream x;
  for (int i = 0; i < 2000; ++i) {
    x.push_back(random.Bernoulli(i < 1000 ? 0.2 : 0.8));
  }
  return x;
}

// numpy.random.seed(12345); normal(m, .1, 500) > 0 for m in (0, .25, 0, .25)
inline Stream Signs() {
  auto random = MersenneTwister::Numpy(12345);
  Stream x;
  for (int i = 0; i < 2000; ++i) {
    x.push_back(random.PolarNormal(i / 500 % 2 * 0.25, 0.1) > 0 ? 1 : 0);
  }
  return x;
}

// r = random.Random(12345); r.choices([0, 1], k=1000),
// r.choices(range(4, 8), k=1000)
inline Stream Choices() {
  auto random = MersenneTwister::Python(12345);
  Stream x;
  for (int i = 0; i < 2000; ++i) {
    x.push_back(i < 1000 ? std::floor(random.Uniform() * 2)
                         : 4 + std::floor(random.Uniform() * 4));
  }
  return x;
}

// r = random.Random(42); r.choices([0, 1], k=1000),
// r.choices([0, 1], k=1000, weights=[.3, .7])
inline Stream WeightedChoices() {
  auto random = MersenneTwister::Python(42);
  Stream x;
  for (int i = 0; i < 2000; ++i) {
    x.push_back(random.Uniform() < (i < 1000 ? 0.5 : 0.3) ? 0 : 1);
  }
  return x;
}

// numpy.random.seed(31); normal(.2, .01, 1000), normal(.8, .04, 1000)
inline Stream Normals() {
  auto random = MersenneTwister::Numpy(31);
  Stream x;
  for (int i = 0; i < 2000; ++i) {
    x.push_back(i < 1000 ? random.PolarNormal(0.2, 0.01)
                         : random.PolarNormal(0.8, 0.04));
  }
  return x;
}

// numpy.random.seed(31); binomial(1, .6, 1000), binomial(1, .8, 1000)
inline Stream Binomials() {
  auto random = MersenneTwister::Numpy(31);
  Stream x;
  for (int i = 0; i < 2000; ++i) {
    x.push_back(random.Bernoulli(i < 1000 ? 0.6 : 0.8));
  }
  return x;
}

// r = random.Random(42); x = r.choices([0, 1], k=2000)
// x[999:1500] = [1] * 500
inline Stream ErrorBurst() {
  auto random = MersenneTwister::Python(42);
  Stream x;
  for (int i = 0; i < 2000; ++i) x.push_back(std::floor(random.Uniform() * 2));
  x.erase(x.begin() + 1499);
  for (size_t i = 999; i < 1499; ++i) x[i] = 1;
  return x;
}

// r = random.Random(seed); r.gauss(mean, sd), `count` of each.
struct Regime {
  int count;
  double mean;
  double sd;
};
inline Stream Gauss(uint32_t seed, const std::vector<Regime>& regimes) {
  auto random = MersenneTwister::Python(seed);
  Stream x;
  for (const Regime& regime : regimes) {
    for (int i = 0; i < regime.count; ++i) {
      x.push_back(random.BoxMullerNormal(regime.mean, regime.sd));
    }
  }
  return x;
}

// Twelve regimes of mean and spread.
inline Stream Regimes() {
  return Gauss(7, {{1500, 0, 1},
                   {1500, 1, 1},
                   {1500, .5, 1},
                   {1500, 3, .5},
                   {1500, -2, 2},
                   {1500, 0, 1},
                   {1500, .2, 1},
                   {1500, -.3, 1},
                   {1500, 5, .1},
                   {1500, 4.5, .1},
                   {1500, 0, 3},
                   {1500, 0, 1}});
}

// r = random.Random(11); r.random() < p, 1500 of each
inline Stream ErrorRegimes() {
  auto random = MersenneTwister::Python(11);
  Stream x;
  for (const double p : {.2, .3, .1, .5, .05, .4, .4, .9, .2, .25}) {
    for (int i = 0; i < 1500; ++i) x.push_back(random.Uniform() < p ? 1 : 0);
  }
  return x;
}

// The detectors of one number at a time.
inline std::vector<StatisticEntry> ScalarStatistics() {
  return {AdwinStatistic(),
          AdwinMultiflowStatistic(),
          AdwinRiverStatistic(),
          AdwinRiverEarlyStatistic(),
          AdwinRiverLegacyStatistic(),
          CusumStatistic(),
          DdmStatistic(),
          EddmStatistic(),
          EddmMoaStatistic(),
          EwmaStatistic(),
          EwmaRiverStatistic(),
          HddmAStatistic(),
          HddmWStatistic(),
          HddmWRiverLegacyStatistic(),
          KswinStatistic(),
          PageHinkleyStatistic(),
          PageHinkleyClippedStatistic(),
          PageHinkleyUnclippedStatistic(),
          ShewhartStatistic()};
}

inline StatisticEntry ScalarStatistic(const std::string& name) {
  for (StatisticEntry& entry : ScalarStatistics()) {
    if (entry.name == name) return entry;
  }
  return {};
}

// Indices of the values at which evidence reached `threshold`; the statistic is
// restarted after each.
inline std::vector<int64_t> AlarmsAt(double threshold,
                                     ChangeStatistic* statistic,
                                     const Stream& stream) {
  statistic->SetThreshold(threshold);
  std::vector<int64_t> alarms;
  for (size_t i = 0; i < stream.size(); ++i) {
    if (!(statistic->Update(stream[i]) >= threshold)) continue;
    alarms.push_back(static_cast<int64_t>(i));
    statistic->Restart();
  }
  return alarms;
}

// At the classic threshold, without reference.
inline std::vector<int64_t> ClassicAlarms(const std::string& name,
                                          const StatisticParameters& parameters,
                                          const Stream& stream) {
  const StatisticEntry entry = ScalarStatistic(name);
  const auto statistic = entry.make({}, parameters);
  return AlarmsAt(entry.classic_threshold(parameters), statistic.get(), stream);
}

}  // namespace airlock::testing
