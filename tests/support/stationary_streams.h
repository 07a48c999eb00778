#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/stats/interval.h"
#include "twin/drift/detector.h"

namespace airlock::testing {

// Streams without drift on which run lengths are measured.
using Source = std::function<double()>;
struct StationaryStream {
  const char* name;
  Source (*open)(RngStream);
};

inline double StudentT3(RngStream* rng) {
  double squares = 0;
  for (int i = 0; i < 3; ++i) {
    const double z = rng->Normal(0, 1);
    squares += z * z;
  }
  return rng->Normal(0, 1) / std::sqrt(squares / 3);
}

inline Source Autoregressive(RngStream rng, double phi) {
  double state = rng.Normal(0, 1);
  return [rng, state, phi]() mutable {
    const double value = state;
    state = phi * state + rng.Normal(0, std::sqrt(1 - phi * phi));
    return value;
  };
}

inline Source Diurnal(RngStream rng, double period, double amplitude) {
  double t = rng.Uniform(0, period);
  return [rng, t, period, amplitude]() mutable {
    t += 1;
    return amplitude * std::sin(2 * M_PI * t / period) + rng.Normal(0, 1);
  };
}

// Two regimes; the chance of remaining in each.
inline Source Bursty(RngStream rng, double stay_quiet, double stay_busy,
                     double level, double spread) {
  bool busy = rng.Uniform() < (1 - stay_quiet) / (2 - stay_quiet - stay_busy);
  return [rng, busy, stay_quiet, stay_busy, level, spread]() mutable {
    if (rng.Uniform() >= (busy ? stay_busy : stay_quiet)) busy = !busy;
    return busy ? rng.Normal(level, spread) : rng.Normal(0, 1);
  };
}

// Packets of a Poisson source of two regimes.
inline Source BurstyCounts(RngStream rng) {
  bool busy = rng.Uniform() < 1.0 / 3;
  return [rng, busy]() mutable {
    if (rng.Uniform() >= (busy ? 0.96 : 0.98)) busy = !busy;
    const double limit = std::exp(-(busy ? 12.0 : 3.0));
    double product = rng.Uniform();
    int64_t count = 0;
    for (; product > limit; ++count) product *= rng.Uniform();
    return static_cast<double>(count);
  };
}

inline const std::vector<StationaryStream>& StationaryStreams() {
  static const std::vector<StationaryStream> rows = {
      {"iid normal",
       [](RngStream rng) -> Source {
         return [rng]() mutable { return rng.Normal(0, 1); };
       }},
      {"t3",
       [](RngStream rng) -> Source {
         return [rng]() mutable { return StudentT3(&rng); };
       }},
      {"AR(1) .3", [](RngStream rng) { return Autoregressive(rng, .3); }},
      {"AR(1) .7", [](RngStream rng) { return Autoregressive(rng, .7); }},
      {"AR(1) .9", [](RngStream rng) { return Autoregressive(rng, .9); }},
      {"diurnal 288", [](RngStream rng) { return Diurnal(rng, 288, 2); }},
      {"diurnal 1440", [](RngStream rng) { return Diurnal(rng, 1440, 2); }},
      {"Bernoulli .2",
       [](RngStream rng) -> Source {
         return [rng]() mutable { return rng.Uniform() < .2 ? 1.0 : 0.0; };
       }},
      {"bursty", [](RngStream rng) { return Bursty(rng, .98, .95, 4, 2); }},
      {"bursty counts", [](RngStream rng) { return BurstyCounts(rng); }},
  };
  return rows;
}

struct RunLengthPlan {
  int64_t reference = 3000;  // samples
  int64_t references = 20;   // drawn and calibrated on
  int64_t streams = 60;      // watched with each
  uint64_t seed = 17;
};

// Mean samples from a fresh start to the first alarm, over references that are
// each calibrated on and streams watched with each. The interval is that of the
// references' means, which alone are independent. Runs end at 10 ERT and count
// as exponential from there on, as in a calibration: hardly any gets there, but
// of DDM and EDDM, whose minimum freezes, some run on for ever (followed to 40
// ERT their means are 2.4 and 2.8 ERT).
inline Interval MeasureRunLength(const StationaryStream& row,
                                 const DriftOptions& options,
                                 const RunLengthPlan& plan) {
  std::vector<double> means;
  for (int64_t r = 0; r < plan.references; ++r) {
    const RngTree tree(plan.seed + static_cast<uint64_t>(r));
    Source history = row.open(tree.Stream("test/history", Replication(0)));
    DriftReference reference;
    reference.features = {"x"};
    for (int64_t t = 0; t < plan.reference; ++t) {
      reference.values.push_back(history());
    }
    DriftOptions own = options;
    own.seed = static_cast<uint64_t>(r) + 1;
    const auto detector = CalibrateDriftDetector(reference, own);
    double total = 0, alarms = 0;
    for (int64_t s = 0; s < plan.streams; ++s) {
      Source stream = row.open(tree.Stream("test/stream", Replication(s)));
      detector->Reset();
      const auto longest = static_cast<int64_t>(10 * options.ert);
      int64_t t = 1;
      for (; t < longest; ++t) {
        const double x = stream();
        if (detector->Update(&x) == DriftState::kDrift) break;
      }
      total += static_cast<double>(t);
      alarms += t < longest;
    }
    means.push_back(total / std::max(alarms, 1.0));
  }
  return MeanInterval(means, 0.95);
}

}  // namespace airlock::testing
