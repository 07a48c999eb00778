#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "twin/registry/verdict.h"

namespace airlock::testing {

// Writes an output folder as `airlock gate` does: summary.json, a model of two
// files with the text `model`, and a trace as the only input.
inline void WriteGateFolder(const std::string& folder, const std::string& model,
                            const std::string& verdict = "promote") {
  std::filesystem::create_directories(folder + "/parts");
  WriteFileAtomically(folder + "/candidate.model", model);
  WriteFileAtomically(folder + "/parts/scale.json",
                      "{\"of\": \"" + model + "\"}");
  WriteFileAtomically(folder + "/trace.h5", "samples");
  nlohmann::json summary = {
      {"filetype", "gate-verdict"},
      {"version", {1, 0}},
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
      {"criteria", {{{"kind", "r2"}, {"outcome", verdict}, {"n", 400}}}}};
  summary["digest"] = VerdictDigest(summary);
  WriteFileAtomically(folder + "/summary.json", summary.dump(2) + "\n");
}

}  // namespace airlock::testing
