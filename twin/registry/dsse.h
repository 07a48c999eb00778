#pragma once

#include <string>
#include <vector>

#include "sim/base/signature.h"

// Dead Simple Signing Envelopes, protocol and envelope version 1.0
// (https://github.com/secure-systems-lab/dsse).
namespace airlock {

struct DsseSignature {
  std::string key_id;  // a hint that nobody vouches for; may be empty
  std::string bytes;
};

struct DsseEnvelope {
  std::string payload_type;  // "application/vnd.in-toto+json"
  std::string payload;       // bytes
  std::vector<DsseSignature> signatures;
};

// What is signed, PAE(type, body): lengths and bytes, so that a payload of one
// type can never be taken for one of another.
std::string PreAuthenticationEncoding(const std::string& payload_type,
                                      const std::string& payload);

// An envelope with one signature.
DsseEnvelope SignEnvelope(const std::string& payload_type,
                          const std::string& payload, const SigningKey& key);

// Its JSON text, and back. Reading takes both Base64 alphabets and ignores
// unknown fields, as the protocol asks; `name` is printed in messages. Throws
// InputError for what is no envelope or has no signature.
std::string ToText(const DsseEnvelope& envelope);
DsseEnvelope ParseEnvelope(const std::string& text, const std::string& name);

}  // namespace airlock
