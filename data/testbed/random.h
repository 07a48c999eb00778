#pragma once

#include <cmath>
#include <cstdint>

namespace airlock::testbed {

// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): one 64-bit state, so a seed and
// a stream number give the whole sequence on every platform.
class RandomStream {
 public:
  RandomStream(uint64_t seed, uint64_t stream)
      : state_(seed * 0x9e3779b97f4a7c15ULL ^
               (stream + 1) * 0xd1b54a32d192ed03ULL) {
    Next();
    Next();
  }

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  // Uniform on (0, 1].
  double Uniform() {
    return (static_cast<double>(Next() >> 11) + 1.0) * 0x1p-53;
  }

  // Uniform on {0, ..., bound - 1}; bound > 0.
  uint32_t Below(uint32_t bound) {
    return static_cast<uint32_t>((Next() >> 32) * bound >> 32);
  }

  // Exponential with the given mean, in the unit of the mean.
  double Exponential(double mean) { return -std::log(Uniform()) * mean; }

 private:
  uint64_t state_;
};

}  // namespace airlock::testbed
