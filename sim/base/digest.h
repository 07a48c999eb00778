#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace airlock {

// SHA-256 over a sequence of values. Every value is preceded by its length or
// count, so that ("ab", "c") and ("a", "bc") differ. Numbers enter as
// little-endian bytes; every NaN enters as the same NaN, and -0.0 as 0.0.
class Digest {
 public:
  Digest();

  void Add(const std::string& text);
  void Add(int64_t number);
  void Add(double number);
  void Add(const std::vector<double>& numbers);

  // The digest of what was added so far, as 64 lower-case hexadecimal digits.
  std::string Hex() const;
  // The first 8 bytes of the digest of what was added so far.
  uint64_t First64() const;

 private:
  void AddBytes(const void* bytes, size_t count);

  std::vector<unsigned char> state_;  // crypto_hash_sha256_state
};

// SHA-256 of the bytes themselves, in hexadecimal.
std::string Sha256(const std::string& bytes);
// Throws Error if the file cannot be read.
std::string Sha256OfFile(const std::string& path);

}  // namespace airlock
