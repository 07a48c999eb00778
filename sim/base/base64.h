#pragma once

#include <optional>
#include <string>

namespace airlock {

// Base64 with padding and the standard alphabet (RFC 4648, section 4).
std::string ToBase64(const std::string& bytes);

// The bytes of a Base64 text in the standard or the URL-safe alphabet
// (sections 4 and 5), with padding or without; nothing if it is not one.
std::optional<std::string> FromBase64(const std::string& text);

}  // namespace airlock
