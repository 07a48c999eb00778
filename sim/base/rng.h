#pragma once

#include <cstdint>
#include <string>

#include "sim/base/ids.h"

namespace airlock {

// A sequence of random numbers that depends on its key alone: Philox4x32-10
// (Salmon et al., SC'11), counter-based, so equal keys give equal bits and
// uniform numbers on every machine. The distributions are ours, because those
// of the standard library differ between implementations; their logarithms and
// cosines are the C library's, whose last bit may differ between processors.
// Copying copies the position.
class RngStream {
 public:
  explicit RngStream(uint64_t key) : key_(key) {}

  uint64_t Next64();
  // Uniform on [0, 1): a multiple of 2^-53.
  double Uniform();
  // Uniform on [low, high).
  double Uniform(double low, double high);
  // Uniform on {0, ..., n - 1}, without bias (n > 0).
  uint64_t UniformInt(uint64_t n);
  // Mean `mean` (> 0); by inversion.
  double Exponential(double mean);
  // Box-Muller; one pair of uniforms a call.
  double Normal(double mean, double standard_deviation);
  // `mean` and `cv` (standard deviation / mean) of the value itself.
  double LogNormal(double mean, double cv);
  // Marsaglia and Tsang (2000); shape > 0, scale > 0, mean shape * scale.
  double Gamma(double shape, double scale);

  // How far the sequence was read, in words of 32 bits: an equal stream that
  // moves there goes on alike.
  uint64_t position() const { return 4 * counter_ + used_ - 4; }
  void MoveTo(uint64_t position);

 private:
  uint32_t Next32();

  uint64_t key_;
  uint64_t counter_ = 0;
  uint32_t block_[4] = {0, 0, 0, 0};
  unsigned used_ = 4;
};

// Names the random streams of a run. A stream depends on the seed, its name and
// the replication only, so adding one never moves another.
class RngTree {
 public:
  explicit RngTree(uint64_t seed) : seed_(seed) {}

  // `name` is a path such as "workload/incast".
  RngStream Stream(const std::string& name, Replication replication) const;

  uint64_t seed() const { return seed_; }

 private:
  uint64_t seed_;
};

}  // namespace airlock
