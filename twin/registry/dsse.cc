#include "twin/registry/dsse.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "sim/base/base64.h"
#include "sim/base/error.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

using nlohmann::json;

// The bytes of a Base64 field.
std::string Decoded(const json& object, const char* key,
                    const std::string& name) {
  const auto bytes = FromBase64(object.at(key).get<std::string>());
  if (bytes) return *bytes;
  throw InputError(
      fmt::format("{}: the envelope's '{}' is not Base64", name, key));
}

}  // namespace

std::string PreAuthenticationEncoding(const std::string& payload_type,
                                      const std::string& payload) {
  return fmt::format("DSSEv1 {} {} {} {}", payload_type.size(), payload_type,
                     payload.size(), payload);
}

DsseEnvelope SignEnvelope(const std::string& payload_type,
                          const std::string& payload, const SigningKey& key) {
  return {payload_type,
          payload,
          {{key.public_key().id(),
            key.Sign(PreAuthenticationEncoding(payload_type, payload))}}};
}

std::string ToText(const DsseEnvelope& envelope) {
  json signatures = json::array();
  for (const DsseSignature& signature : envelope.signatures) {
    signatures.push_back(
        {{"keyid", signature.key_id}, {"sig", ToBase64(signature.bytes)}});
  }
  return json{{"payloadType", envelope.payload_type},
              {"payload", ToBase64(envelope.payload)},
              {"signatures", signatures}}
             .dump(2) +
         "\n";
}

DsseEnvelope ParseEnvelope(const std::string& text, const std::string& name) {
  DsseEnvelope envelope;
  try {
    const json object = json::parse(text);
    object.at("payloadType").get_to(envelope.payload_type);
    envelope.payload = Decoded(object, "payload", name);
    for (const json& row : object.at("signatures")) {
      std::string key_id;
      if (row.contains("keyid") && !row.at("keyid").is_null()) {
        row.at("keyid").get_to(key_id);
      }
      envelope.signatures.push_back({key_id, Decoded(row, "sig", name)});
    }
  } catch (const json::exception& error) {
    throw InputError(
        fmt::format("{}: not a DSSE envelope: {}", name, CauseOf(error)));
  }
  if (envelope.signatures.empty()) {
    throw InputError(fmt::format("{}: the envelope has no signature", name));
  }
  return envelope;
}

}  // namespace airlock
