#include "twin/registry/signing.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "sim/base/error.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

constexpr char kVariable[] = "AIRLOCK_SIGNING_KEY";

// Its value, or empty.
std::string Environment(const char* variable) {
  const char* const value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

std::string ConfigFolder() {
  const std::string configured = Environment("XDG_CONFIG_HOME");
  // The XDG Base Directory Specification: relative paths are to be ignored.
  if (fs::path(configured).is_absolute()) return configured;
  std::string home = Environment("HOME");
  if (home.empty()) {
    const passwd* const entry = getpwuid(getuid());
    if (entry != nullptr) home = entry->pw_dir;
  }
  if (home.empty()) {
    throw Error(fmt::format(
        "there is no home folder for a signing key; name one with --key or {}",
        kVariable));
  }
  return home + "/.config";
}

// Makes the user's key, or takes the one that another program makes meanwhile.
SigningKey MakeUserKey(const std::string& path,
                       const std::function<void(const std::string&)>& tell) {
  SigningKey key = SigningKey::Generate();
  try {
    key.WriteNew(path);
  } catch (const Error&) {
    if (fs::exists(path)) return SigningKey::Read(path);
    throw;
  }
  tell(fmt::format(
      "made your signing key {} (id {:.16}); registries trust {}.pub", path,
      key.public_key().id(), path));
  return key;
}

}  // namespace

std::string UserKeyPath() {
  const std::string named = Environment(kVariable);
  return named.empty() ? ConfigFolder() + "/airlock/signing.key" : named;
}

SigningKey KeyToSignWith(const std::string& given,
                         const std::function<void(const std::string&)>& tell) {
  if (!given.empty()) return SigningKey::Read(given);
  const std::string path = UserKeyPath();
  if (!Environment(kVariable).empty() || fs::exists(path)) {
    return SigningKey::Read(path);
  }
  return MakeUserKey(path, tell);
}

std::optional<PublicKey> UserPublicKey() {
  const std::string path = UserKeyPath();
  if (!fs::exists(path)) return std::nullopt;
  return SigningKey::Read(path).public_key();
}

}  // namespace airlock
