#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace airlock::testing {

// MT19937 (Matsumoto and Nishimura, ACM TOMACS 8, 1998), whose numbers the
// examples of published detectors are made of. The standard library's engine
// cannot be seeded as Python's.
class MersenneTwister {
 public:
  // init_genrand(): numpy.random.seed(seed).
  static MersenneTwister Numpy(uint32_t seed) {
    MersenneTwister generator;
    generator.Seed(seed);
    return generator;
  }
  // init_by_array({seed}): random.Random(seed), for a seed below 2^32.
  static MersenneTwister Python(uint32_t seed) {
    MersenneTwister generator;
    generator.Seed(19650218);
    auto& x = generator.state_;
    size_t i = 1;
    for (size_t k = 0; k < kSize; ++k) {
      x[i] = (x[i] ^ ((x[i - 1] ^ (x[i - 1] >> 30)) * 1664525u)) + seed;
      if (++i == kSize) {
        x[0] = x[kSize - 1];
        i = 1;
      }
    }
    for (size_t k = 1; k < kSize; ++k) {
      x[i] = (x[i] ^ ((x[i - 1] ^ (x[i - 1] >> 30)) * 1566083941u)) -
             static_cast<uint32_t>(i);
      if (++i == kSize) {
        x[0] = x[kSize - 1];
        i = 1;
      }
    }
    x[0] = 0x80000000u;
    return generator;
  }

  uint32_t Next() {
    if (used_ == kSize) Generate();
    uint32_t y = state_[used_++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }
  // random.random() and numpy.random.random().
  double Uniform() {
    const uint32_t high = Next() >> 5;
    const uint32_t low = Next() >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }
  // numpy.random.randint(n), n a power of two.
  double Integer(uint32_t n) { return Next() & (n - 1); }
  // numpy.random.binomial(1, p), by inversion.
  double Bernoulli(double p) {
    const double less = p <= 0.5 ? p : 1.0 - p;
    const double q_power = std::exp(std::log(1.0 - less));
    const bool one = Uniform() > q_power;
    return one == (p <= 0.5) ? 1 : 0;
  }
  // numpy.random.normal(mean, sd): Marsaglia's polar method, in pairs.
  double PolarNormal(double mean, double sd) {
    if (has_spare_) {
      has_spare_ = false;
      return mean + sd * spare_;
    }
    double a = 0, b = 0, square = 0;
    do {
      a = 2.0 * Uniform() - 1.0;
      b = 2.0 * Uniform() - 1.0;
      square = a * a + b * b;
    } while (square >= 1.0 || square == 0.0);
    const double factor = std::sqrt(-2.0 * std::log(square) / square);
    spare_ = factor * a;
    has_spare_ = true;
    return mean + sd * (factor * b);
  }
  // random.gauss(mean, sd): Box and Muller, in pairs.
  double BoxMullerNormal(double mean, double sd) {
    if (has_spare_) {
      has_spare_ = false;
      return mean + spare_ * sd;
    }
    const double angle = Uniform() * (2 * 3.141592653589793);
    const double radius = std::sqrt(-2.0 * std::log(1.0 - Uniform()));
    spare_ = std::sin(angle) * radius;
    has_spare_ = true;
    return mean + std::cos(angle) * radius * sd;
  }

 private:
  static constexpr size_t kSize = 624;

  void Seed(uint32_t seed) {
    state_[0] = seed;
    for (size_t i = 1; i < kSize; ++i) {
      state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) +
                  static_cast<uint32_t>(i);
    }
  }
  void Generate() {
    for (size_t i = 0; i < kSize; ++i) {
      const uint32_t y =
          (state_[i] & 0x80000000u) | (state_[(i + 1) % kSize] & 0x7fffffffu);
      state_[i] =
          state_[(i + 397) % kSize] ^ (y >> 1) ^ (y % 2 == 0 ? 0 : 0x9908b0dfu);
    }
    used_ = 0;
  }

  std::array<uint32_t, kSize> state_{};
  size_t used_ = kSize;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace airlock::testing
