#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace airlock {

// Takes off a stream what its own past foretells: the innovations are close to
// independent where the values are not, so that one threshold suits streams of
// any autocorrelation (prewhitening: Johnson and Bagshaw 1974 for CUSUMs,
// Montgomery and Mastrangelo 1991). A lasting shift of the level of an
// autoregression with coefficients phi shows in full at once and from then on
// as (1 - sum phi) of it: what is lost is what the past would have made of it.
// Owns its state.
class Whitener {
 public:
  virtual ~Whitener() = default;

  // The innovation of the next value; NaN for a missing one (time passes), and
  // while there is no past to speak of.
  virtual double Next(double value) = 0;
  virtual void Reset() = 0;
  // Values that must have been seen before the first innovation.
  virtual int64_t start() const = 0;
  // Samples of the longest cycle that is taken off; 0: none is.
  virtual double longest_cycle() const { return 0; }
  // "autoregression of order 1", as part of a sentence.
  virtual std::string description() const = 0;
  // Everything, the fit included; LoadWhitener() makes an equal one.
  virtual void Save(nlohmann::json* state) const = 0;
};

struct Whitened {
  std::unique_ptr<Whitener> whitener;  // null: the series has no memory
  std::vector<double> innovations;     // one a value; NaN where there is none
  bool independent = false;            // no dependence found in them
  std::string description;
};

// Chooses what makes `series` (time order, NaN for missing values) independent:
//   nothing, where no autocorrelation of the values nor of their distances from
//   the middle is found (Ljung and Box, lags to 20, 1 %);
//   cycles, where the periodogram has peaks far above their neighbourhood,
//   followed by an autoregression (order by BIC, else AIC);
//   regimes: a hidden Markov chain of two or three states, each with its own
//   distribution of values; innovations are then the rank of the value in the
//   distribution that was foretold;
// the first whose innovations pass the same test, else the best. Innovations
// come from filters that have not seen them, as those of a stream will: a
// filter of many parameters leaves less of its own reference than of what
// comes later. Series of few values are left as they are.
Whitened Whiten(const std::vector<double>& series, uint64_t seed);

// Throws nlohmann::json::exception or InputError.
std::unique_ptr<Whitener> LoadWhitener(const nlohmann::json& state);

}  // namespace airlock
