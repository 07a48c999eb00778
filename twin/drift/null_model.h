#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "twin/drift/autocorrelation.h"

namespace airlock {

// How streams without drift are drawn from a reference.
struct NullModelOptions {
  enum class Kind {
    // kIndependent where no autocorrelation is left in any column, kMarkov for
    // one column of few values, else kBlock.
    kAuto,
    // Rows in random order.
    kIndependent,
    // Whole runs of `block` consecutive reference rows in random order (moving
    // blocks, wrapped around at the end: Politis and Romano 1992).
    kBlock,
    // A Markov chain of the order up to 3 that BIC prefers; one column of at
    // most 8 different values, none missing.
    kMarkov,
  };
  Kind kind = Kind::kAuto;
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
// Holds what it needs of the reference. Where hardly any value of a column
// occurs twice, drawn values are spread evenly between the middles to the
// neighbours (smoothed bootstrap: Silverman and Young 1987), so that a stream
// has no ties that the reference does not have.
class NullModel {
 public:
  virtual ~NullModel() = default;
  virtual std::unique_ptr<NullStream> Open(RngStream rng) const = 0;
  virtual bool independent() const = 0;
  // "moving blocks of 60", "independent samples".
  virtual std::string description() const = 0;
};

// `reference` is row-major. Throws InputError for a block longer than it, and
// for a chain of too many values.
std::unique_ptr<NullModel> MakeNullModel(const std::vector<double>& reference,
                                         int64_t columns,
                                         const NullModelOptions& options);

// Hardly any value occurs twice.
bool IsContinuous(const std::vector<double>& series);

// No autocorrelation of the values or of their distances from the middle at
// `level`, up to lag 20; `fitted` parameters made them.
bool LooksIndependent(const std::vector<double>& series, int64_t fitted,
                      double level = 0.01);

// Level and spread of the ranks are the same throughout (see LevelStatistic())
// as far as blocks of AutomaticBlock() samples can tell, at `level`.
bool LooksSteady(const std::vector<double>& series, double level = 0.01);

// 20 times the largest autocorrelation time (which is 1 or more) of the
// columns, or of their distances from the middle, at most an eighth of the
// rows: the break between blocks then costs a tenth of the long-run variance at
// most.
int64_t AutomaticBlock(const std::vector<double>& reference, int64_t columns);

}  // namespace airlock
