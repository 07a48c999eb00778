#include "sim/base/signature.h"

#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "sim/base/base64.h"
#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"

namespace airlock {
namespace {

constexpr size_t kSeedBytes = crypto_sign_ed25519_SEEDBYTES;
constexpr char kPublicLabel[] = "PUBLIC KEY";
constexpr char kPrivateLabel[] = "PRIVATE KEY";

// What precedes the key's 32 bytes in DER: RFC 8410, sections 4 and 7, with the
// algorithm id-Ed25519 (1.3.101.112).
const std::string& PublicPrefix() {
  static const std::string prefix(
      "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);
  return prefix;
}
const std::string& PrivatePrefix() {
  static const std::string prefix(
      "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16);
  return prefix;
}

void InitialiseSodium() {
  if (sodium_init() < 0) throw Error("the system gives no random numbers");
}

std::string ToPem(const char* label, const std::string& der) {
  return fmt::format("-----BEGIN {0}-----\n{1}\n-----END {0}-----\n", label,
                     ToBase64(der));
}

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The content of the PEM text (RFC 7468) if it is labelled so.
std::optional<std::string> FromPemText(const char* label,
                                       const std::string& text) {
  const std::string begin = fmt::format("-----BEGIN {}-----", label);
  const std::string end = fmt::format("-----END {}-----", label);
  const size_t first = text.find(begin);
  if (first == std::string::npos) return std::nullopt;
  const size_t last = text.find(end, first);
  if (last == std::string::npos) return std::nullopt;
  const size_t content = first + begin.size();
  std::string base64 = text.substr(content, last - content);
  base64.erase(std::remove_if(base64.begin(), base64.end(), IsBlank),
               base64.end());
  return FromBase64(base64);
}

// The last 32 bytes of DER that starts with `prefix` and has no more.
std::optional<std::string> KeyIn(const std::optional<std::string>& der,
                                 const std::string& prefix) {
  if (!der || der->size() != prefix.size() + PublicKey::kBytes ||
      der->compare(0, prefix.size(), prefix) != 0) {
    return std::nullopt;
  }
  return der->substr(prefix.size());
}

const unsigned char* Bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool Exists(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

// Throws unless only the file's owner can read it.
void CheckIsPrivate(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return;  // reading it says why
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
  throw InputError(fmt::format(
      "{}: others can read or change this private key (mode {:03o}); make it "
      "yours alone: chmod 600 {}",
      path, status.st_mode & 0777, path));
}

}  // namespace

PublicKey PublicKey::FromPem(const std::string& pem, const std::string& name) {
  const auto key = KeyIn(FromPemText(kPublicLabel, pem), PublicPrefix());
  if (!key) {
    throw InputError(fmt::format(
        "{}: not an Ed25519 public key in PEM{}", name,
        pem.find(kPrivateLabel) != std::string::npos
            ? " but a private key; the public one is beside it in a file .pub"
            : ""));
  }
  PublicKey result;
  std::copy(key->begin(), key->end(), result.bytes_.begin());
  return result;
}

PublicKey PublicKey::Read(const std::string& path) {
  return FromPem(ReadFile(path), path);
}

std::string PublicKey::pem() const {
  return ToPem(kPublicLabel,
               PublicPrefix() + std::string(bytes_.begin(), bytes_.end()));
}

std::string PublicKey::id() const {
  return Sha256(PublicPrefix() + std::string(bytes_.begin(), bytes_.end()));
}

bool PublicKey::Verifies(const std::string& message,
                         const std::string& signature) const {
  return signature.size() == crypto_sign_ed25519_BYTES &&
         crypto_sign_ed25519_verify_detached(Bytes(signature), Bytes(message),
                                             message.size(),
                                             bytes_.data()) == 0;
}

SigningKey SigningKey::FromSeed(const std::string& seed) {
  AIRLOCK_CHECK(seed.size() == kSeedBytes, "{} bytes", seed.size());
  SigningKey key;
  crypto_sign_ed25519_seed_keypair(key.public_key_.bytes_.data(),
                                   key.secret_.data(), Bytes(seed));
  return key;
}

SigningKey SigningKey::Generate() {
  InitialiseSodium();
  SigningKey key;
  crypto_sign_ed25519_keypair(key.public_key_.bytes_.data(),
                              key.secret_.data());
  return key;
}

SigningKey SigningKey::Read(const std::string& path) {
  CheckIsPrivate(path);
  std::string text = ReadFile(path);
  auto seed = KeyIn(FromPemText(kPrivateLabel, text), PrivatePrefix());
  const bool is_public = text.find(kPublicLabel) != std::string::npos;
  sodium_memzero(text.data(), text.size());
  if (!seed) {
    throw InputError(
        fmt::format("{}: not an unencrypted Ed25519 private key in PEM{}", path,
                    is_public ? " but a public key" : ""));
  }
  SigningKey key = FromSeed(*seed);
  sodium_memzero(seed->data(), seed->size());
  return key;
}

SigningKey::~SigningKey() { sodium_memzero(secret_.data(), secret_.size()); }

SigningKey::SigningKey(SigningKey&& other) noexcept
    : public_key_(other.public_key_), secret_(other.secret_) {
  sodium_memzero(other.secret_.data(), other.secret_.size());
}

void SigningKey::WriteNew(const std::string& path) const {
  if (Exists(path + ".pub")) {
    throw InputError(fmt::format("{}.pub exists; it is not overwritten", path));
  }
  std::string pem =
      ToPem(kPrivateLabel,
            PrivatePrefix() +
                std::string(secret_.begin(), secret_.begin() + kSeedBytes));
  CreateFileAtomically(path, pem, 0600);
  sodium_memzero(pem.data(), pem.size());
  try {
    CreateFileAtomically(path + ".pub", public_key_.pem(), 0644);
  } catch (...) {
    RemoveFile(path);
    throw;
  }
}

std::string SigningKey::Sign(const std::string& message) const {
  std::string signature(crypto_sign_ed25519_BYTES, '\0');
  crypto_sign_ed25519_detached(
      reinterpret_cast<unsigned char*>(signature.data()), nullptr,
      Bytes(message), message.size(), secret_.data());
  return signature;
}

}  // namespace airlock
