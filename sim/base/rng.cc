#include "sim/base/rng.h"

#include <Random123/philox.h>

#include <cmath>
#include <cstring>

#include "sim/base/digest.h"
#include "sim/base/error.h"

namespace airlock {

uint32_t RngStream::Next32() {
  if (used_ == 4) {
    const r123::Philox4x32::ctr_type counter = {
        {static_cast<uint32_t>(counter_), static_cast<uint32_t>(counter_ >> 32),
         0, 0}};
    const r123::Philox4x32::key_type key = {
        {static_cast<uint32_t>(key_), static_cast<uint32_t>(key_ >> 32)}};
    const auto block = r123::Philox4x32()(counter, key);
    std::memcpy(block_, block.v, sizeof(block_));
    ++counter_;
    used_ = 0;
  }
  return block_[used_++];
}

uint64_t RngStream::Next64() {
  if (used_ <= 2) {  // as below, at once
    const uint64_t low = block_[used_];
    const uint64_t high = block_[used_ + 1];
    used_ += 2;
    return high << 32 | low;
  }
  const uint64_t low = Next32();
  return (static_cast<uint64_t>(Next32()) << 32) | low;
}

void RngStream::MoveTo(uint64_t position) {
  counter_ = position / 4;
  used_ = 4;
  for (uint64_t i = 0; i < position % 4; ++i) Next32();
}

double RngStream::Uniform() {
  return static_cast<double>(Next64() >> 11) * 0x1.0p-53;
}

double RngStream::Uniform(double low, double high) {
  return low + (high - low) * Uniform();
}

uint64_t RngStream::UniformInt(uint64_t n) {
  AIRLOCK_CHECK(n > 0);
  // Reject the incomplete last copy of {0, ..., n - 1}.
  const uint64_t limit = UINT64_MAX - UINT64_MAX % n;
  uint64_t value = Next64();
  while (value >= limit) value = Next64();
  return value % n;
}

double RngStream::Exponential(double mean) {
  return -mean * std::log1p(-Uniform());
}

double RngStream::Normal(double mean, double standard_deviation) {
  const double radius = std::sqrt(-2 * std::log1p(-Uniform()));
  const double angle = 2 * M_PI * Uniform();
  return mean + standard_deviation * radius * std::cos(angle);
}

double RngStream::LogNormal(double mean, double cv) {
  const double variance = std::log1p(cv * cv);
  return std::exp(Normal(std::log(mean) - variance / 2, std::sqrt(variance)));
}

double RngStream::Gamma(double shape, double scale) {
  if (shape < 1) {
    const double boost = std::pow(1 - Uniform(), 1 / shape);
    return Gamma(shape + 1, scale) * boost;
  }
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = Normal(0, 1);
    const double cube_root = 1 + c * x;
    if (cube_root <= 0) continue;
    const double v = cube_root * cube_root * cube_root;
    const double u = 1 - Uniform();
    // Their squeeze: what passes it passes the test below, too.
    const double square = x * x;
    if (u < 1 - 0.0331 * square * square ||
        std::log(u) < 0.5 * square + d - d * v + d * std::log(v)) {
      return d * v * scale;
    }
  }
}

RngStream RngTree::Stream(const std::string& name,
                          Replication replication) const {
  Digest digest;
  digest.Add(static_cast<int64_t>(seed_));
  digest.Add(name);
  digest.Add(replication.value());
  return RngStream(digest.First64());
}

}  // namespace airlock
