#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "twin/drift/divergence.h"
#include "twin/drift/rank_scores.h"
#include "twin/drift/whitening.h"

namespace airlock {

// A hidden Markov chain whose states each have a distribution of values of
// their own, over bins: quiet and busy phases of a counter.
struct RegimeFit {
  std::vector<double> transition;  // state x state
  std::vector<double> emission;    // state x bin
  double log_likelihood = 0;
};

// Innovations are ranks, in (0, 1), of each value in the distribution that the
// chain foretells from the past: independent and uniform if the chain is true
// (Rosenblatt 1952; Smith 1985). Within a bin values lie as in the reference;
// where a bin is one value, the rank within it is drawn.
class RegimeWhitener : public Whitener {
 public:
  // Fits `states` by the algorithm of Baum et al. (1970), from regimes of level
  // and from regimes of spread; keeps the likelier.
  RegimeWhitener(const std::vector<double>& series, int64_t states,
                 uint64_t seed);
  explicit RegimeWhitener(const nlohmann::json& state);

  double Next(double value) override;
  void Reset() override;
  int64_t start() const override { return 0; }
  std::string description() const override;
  void Save(nlohmann::json* state) const override;

 private:
  size_t states() const { return belief_.size(); }
  void SetStationary();

  Bins bins_;
  RankScores ranks_;
  std::vector<double> below_;   // the reference's share below each bin
  std::vector<double> shares_;  // and in it
  bool drawn_ = false;          // ranks within a bin are drawn
  RegimeFit fit_;
  std::vector<double> stationary_;
  std::vector<double> belief_;  // of each state for the next value
  uint64_t seed_ = 0;
  uint64_t seen_ = 0;
};

}  // namespace airlock
