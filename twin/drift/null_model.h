#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/rng.h"

namespace airlock {

// How streams without drift are drawn from a reference.
struct NullModelOptions {
  enum class Kind {
    // Whole runs of `block` consecutive reference rows in random order (moving
    // blocks, wrapped around at the end: Politis and Romano 1992).
    kBlock,
    // Each feature's normal scores follow an autoregression fitted to the
    // reference (Yule-Walker, order by AIC), its innovations resampled jointly
    // for all features (sieve bootstrap: Buehlmann 1997); the result is mapped
    // back to the reference's own values. Keeps the correlation across any lag
    // without the breaks between blocks, and makes new windows; loses
    // dependence that is not in the second moments (quiet and noisy phases),
    // so on measured counters its thresholds come out too low.
    kSieve,
  };
  Kind kind = Kind::kBlock;
  int64_t block = 0;  // samples; 0: see AutomaticBlock()
};
const char* ToString(NullModelOptions::Kind kind);

// One endless stream without drift. Must not outlive its model.
class NullStream {
 public:
  virtual ~NullStream() = default;
  // The next row: as many values as the reference has columns; a missing value
  // is NaN.
  virtual void Next(double* row) = 0;
};

// Draws streams that have the reference's distribution and autocorrelation.
// Holds a copy of the reference.
class NullModel {
 public:
  virtual ~NullModel() = default;
  virtual std::unique_ptr<NullStream> Open(RngStream rng) const = 0;
  // "moving blocks of 60", "autoregression of order 1 to 4".
  virtual std::string description() const = 0;
};

// `reference` is row-major. Throws InputError for a block longer than it.
std::unique_ptr<NullModel> MakeNullModel(const std::vector<double>& reference,
                                         int64_t columns,
                                         const NullModelOptions& options);

// Integrated autocorrelation time 1 + 2 sum rho_k of the ranks, with Sokal's
// window (the first M >= 5 tau): how many consecutive samples say as much as
// one independent sample. At least 1.
double AutocorrelationTime(const std::vector<double>& series);

// 20 times the largest autocorrelation time of the columns, at most an eighth
// of the rows: the break between blocks then costs a tenth of the long-run
// variance at most.
int64_t AutomaticBlock(const std::vector<double>& reference, int64_t columns);

}  // namespace airlock
