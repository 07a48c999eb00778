#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/stats/interval.h"
#include "twin/contention/colocation.h"
#include "twin/contention/sensitivity.h"

namespace airlock {

struct ColocationOptions {
  uint64_t seed = 1;
  // Traffic that functions are profiled with, in every combination.
  std::vector<double> packet_bytes = {64, 512, 1500};
  std::vector<double> flows = {1000, 100000};
  int64_t most_competitors = 5;
  // Of each workload, beside synthetic competitors of random strength.
  int64_t synthetic = 24;
  int64_t mixes = 240;          // of functions, drawn at random
  double held_out_pairs = 0.3;  // of (target, competitor) pairs
  int64_t jobs = 0;             // 0: as many as there are processors
};

// A co-location of functions, as it was predicted and as it was.
struct MixPrediction {
  Competitor target;
  std::vector<Competitor> competitors;
  bool held_out = false;          // has a pair that no training mix has
  double solo = 0;                // packets/s
  double measured = 0;            // packets/s
  std::vector<double> predicted;  // by method
  std::string outside;  // why the first is not to be believed; or empty
};

// How far a method is off on the held-out mixes: |predicted / measured - 1|.
struct MethodError {
  std::string method;
  // 95 %, bootstrap over targets with their traffic: mixes of one share what
  // was learnt of it.
  Interval mean;
  double median = 0;
  double p95 = 0;
  Interval drops;  // mean over mixes that lost a tenth or more to contention
};

struct ColocationStudy {
  std::vector<MixPrediction> mixes;
  std::vector<std::string> methods;
  std::vector<MethodError> errors;  // by method
  int64_t runs = 0;
  int64_t profiled = 0;   // samples that sensitivity was learnt from
  int64_t held_out = 0;   // mixes
  int64_t contended = 0;  // of these, lost a tenth or more
  double largest_drop = 0;
  int64_t outside = 0;  // held-out mixes that lie beyond what was profiled
};

// Profiles every function of the bench, alone, among its like and beside
// synthetic competitors; learns each one's sensitivity; and predicts mixes of
// functions from what each competitor is known to do. Mixes with a pair of
// target and competitor that is held out are only judged.
//
// Methods:
//   boosting            composed vectors (SLOMO)
//   measured vector     the same model, told the competitors' own counters
//                       without the target: nothing is composed
//   solo vectors        the same model, competitors as each is alone
//   cache references    a line (Dobrescu et al.)
//   cache occupancy     a line (Bubble-Up)
//   solo                a constant: what the target gets through alone
//
// The same seed gives the same study for any number of jobs. `progress` is told
// (done, total) runs.
ColocationStudy StudyColocations(
    const ColocationBench& bench, const ColocationOptions& options,
    const std::function<void(int64_t, int64_t)>& progress = {});

}  // namespace airlock
