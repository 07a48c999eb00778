#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/signature.h"
#include "twin/registry/receipt.h"
#include "twin/registry/registry.h"
#include "twin/registry/verdict.h"

namespace airlock::testing {

// The key with which test folders are sealed, and others.
inline SigningKey TestKey(char name = 'k') {
  return SigningKey::FromSeed(std::string(32, name));
}

// What a user with that key promotes with.
inline Registry::PromoteOptions Why(const std::string& why = "") {
  return {why, TestKey().public_key(), ""};
}

// Writes an output folder as `airlock gate` does: summary.json, a model of two
// files with the text `model`, a trace as the only input, and the receipt.
inline void WriteGateFolder(const std::string& folder, const std::string& model,
                            const std::string& verdict = "promote",
                            const SigningKey& key = TestKey()) {
  std::filesystem::create_directories(folder + "/parts");
  WriteFileAtomically(folder + "/candidate.model", model);
  WriteFileAtomically(folder + "/parts/scale.json",
                      "{\"of\": \"" + model + "\"}");
  WriteFileAtomically(folder + "/trace.h5", "samples");
  nlohmann::json summary = {
      {"filetype", "gate-verdict"},
      {"version", {1, 0}},
      {"gate", "test"},
      {"verdict", verdict},
      {"candidate",
       {{"name", "the " + model},
        {"files",
         {{{"path", "parts/scale.json"},
           {"sha256", Sha256OfFile(folder + "/parts/scale.json")}},
          {{"path", "candidate.model"},
           {"sha256", Sha256OfFile(folder + "/candidate.model")}}}}}},
      {"inputs",
       {{{"what", "trace"},
         {"path", folder + "/trace.h5"},
         {"sha256", Sha256("samples")}}}},
      {"relaxed", {{{"criterion", "size"}, {"because", "it is a test"}}}},
      {"criteria",
       {{{"kind", "r2"},
         {"label", "r2 of delivered_rate"},
         {"outcome", verdict},
         {"estimate", 0.92},
         {"low", 0.9},
         {"high", 0.94},
         {"limit", 0.8},
         {"unit", "1"},
         {"p_value", 0.001},
         {"n", 400},
         {"reason", "0.92 (0.90 to 0.94), limit 0.80"}}}}};
  summary["digest"] = VerdictDigest(summary);
  WriteFileAtomically(folder + "/summary.json", summary.dump(2) + "\n");
  SealVerdict(folder, key);
}

}  // namespace airlock::testing
