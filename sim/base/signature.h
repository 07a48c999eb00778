#pragma once

#include <array>
#include <cstddef>
#include <string>

namespace airlock {

// The public half of an Ed25519 key (RFC 8032). Its file is PEM with a
// SubjectPublicKeyInfo (RFC 8410), as `openssl pkey -pubout` writes it.
class PublicKey {
 public:
  static constexpr size_t kBytes = 32;

  // Reads a file. Throws InputError naming it if it cannot be read, or if it is
  // something else: a private key, a key of another algorithm.
  static PublicKey Read(const std::string& path);
  // From the text of such a file; `name` is printed in messages.
  static PublicKey FromPem(const std::string& pem, const std::string& name);

  // SHA-256 of the SubjectPublicKeyInfo in DER, 64 hexadecimal digits:
  // `openssl pkey -pubin -in KEY.pub -outform DER | sha256sum`.
  std::string id() const;
  std::string pem() const;
  // Whether `signature` (64 bytes) is of `message` with this key. Signatures
  // that RFC 8032 leaves open (small order, non-canonical) are refused.
  bool Verifies(const std::string& message, const std::string& signature) const;

  friend bool operator==(const PublicKey& a, const PublicKey& b) {
    return a.bytes_ == b.bytes_;
  }

 private:
  friend class SigningKey;
  std::array<unsigned char, kBytes> bytes_{};
};

// An Ed25519 key that signs. Owns the secret and wipes it at its end. Its file
// is PEM with an unencrypted PrivateKeyInfo (RFC 8410, section 7), as
// `openssl genpkey -algorithm ed25519` writes it.
class SigningKey {
 public:
  // A new key from the system's random numbers.
  static SigningKey Generate();
  // The key whose seed these 32 bytes are (RFC 8032, section 5.1.5).
  static SigningKey FromSeed(const std::string& seed);
  // Reads a file. Throws InputError naming it if it cannot be read, is not such
  // a key, or can be read by others than its owner.
  static SigningKey Read(const std::string& path);
  ~SigningKey();
  SigningKey(SigningKey&& other) noexcept;
  SigningKey& operator=(SigningKey&&) = delete;

  // Writes the key to the new file `path`, which only its owner may read, and
  // the public half to `path`.pub. Throws Error if either exists: a key is
  // never overwritten.
  void WriteNew(const std::string& path) const;

  const PublicKey& public_key() const { return public_key_; }
  // 64 bytes; equal for equal messages.
  std::string Sign(const std::string& message) const;

 private:
  SigningKey() = default;

  PublicKey public_key_;
  std::array<unsigned char, 64> secret_{};  // seed, public key
};

}  // namespace airlock
