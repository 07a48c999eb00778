#include "sim/base/digest.h"

#include <sodium.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "sim/base/file.h"

namespace airlock {
namespace {

using Hash = std::array<unsigned char, crypto_hash_sha256_BYTES>;

std::string ToHex(const Hash& hash) {
  std::string hex(2 * hash.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  hex.pop_back();
  return hex;
}

Hash Final(const std::vector<unsigned char>& state) {
  crypto_hash_sha256_state copy;
  std::memcpy(&copy, state.data(), sizeof copy);
  Hash hash;
  crypto_hash_sha256_final(&copy, hash.data());
  return hash;
}

double Canonical(double number) {
  if (std::isnan(number)) return std::numeric_limits<double>::quiet_NaN();
  return number == 0 ? 0.0 : number;
}

}  // namespace

Digest::Digest() : state_(sizeof(crypto_hash_sha256_state)) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  std::memcpy(state_.data(), &state, sizeof state);
}

void Digest::AddBytes(const void* bytes, size_t count) {
  crypto_hash_sha256_state state;
  std::memcpy(&state, state_.data(), sizeof state);
  crypto_hash_sha256_update(&state, static_cast<const unsigned char*>(bytes),
                            count);
  std::memcpy(state_.data(), &state, sizeof state);
}

void Digest::Add(const std::string& text) {
  Add(static_cast<int64_t>(text.size()));
  AddBytes(text.data(), text.size());
}

void Digest::Add(int64_t number) { AddBytes(&number, sizeof number); }

void Digest::Add(double number) {
  const double canonical = Canonical(number);
  AddBytes(&canonical, sizeof canonical);
}

void Digest::Add(const std::vector<double>& numbers) {
  Add(static_cast<int64_t>(numbers.size()));
  for (const double number : numbers) Add(number);
}

std::string Digest::Hex() const { return ToHex(Final(state_)); }

uint64_t Digest::First64() const {
  const Hash hash = Final(state_);
  uint64_t first = 0;
  std::memcpy(&first, hash.data(), sizeof first);
  return first;
}

std::string Sha256(const std::string& bytes) {
  Hash hash;
  crypto_hash_sha256(hash.data(),
                     reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size());
  return ToHex(hash);
}

std::string Sha256OfFile(const std::string& path) {
  return Sha256(ReadFile(path));
}

}  // namespace airlock
