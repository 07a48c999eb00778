#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace airlock {

// One file of a model, with the path relative to the model's folder.
struct ModelFile {
  std::string path;
  std::string sha256;
};

// A gate's verdict that allows a promotion: read from the `summary.json` of a
// gate's output folder (FORMAT.md), with every digest compared to the files as
// they are now.
struct PassingVerdict {
  std::string candidate_name;
  std::vector<ModelFile> files;  // sorted by path; paths stay in the folder
  std::string digest;            // VerdictDigest
  nlohmann::json summary;        // all of it
};

// SHA-256 of the summary's canonical text: compact JSON with sorted keys,
// without the field `digest`.
std::string VerdictDigest(const nlohmann::json& summary);

// SHA-256 of the canonical JSON of the list of files, each {path, sha256},
// sorted by path: the name of a model's content.
std::string ModelDigest(const std::vector<ModelFile>& files);

// A JSON file. Throws InputError naming it, with line and column, if it cannot
// be read or is not JSON.
nlohmann::json ReadJsonFile(const std::string& path);

// Throws Error if the folder does not allow a promotion now:
//   kInput         no summary.json, not one of ours, malformed, changed, or a
//                  candidate or input file is missing or no longer has the
//                  digest that the gate judged;
//   kNo            the verdict is `reject`;
//   kInconclusive  the verdict is `inconclusive`.
// Paths of inputs are as the gate was given them: relative ones are looked for
// from the current folder.
PassingVerdict ReadPassingVerdict(const std::string& gate_folder);

}  // namespace airlock
