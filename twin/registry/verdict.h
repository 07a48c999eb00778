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

// A file that the gate read, by its path from the folder in which it ran.
struct GateInputFile {
  std::string what;
  std::string path;
  std::string sha256;
};

// What a gate's output folder says in its `summary.json` (FORMAT.md).
struct GateRecord {
  std::string verdict;  // "promote", "reject", "inconclusive"
  std::string candidate_name;
  std::vector<ModelFile> files;  // CheckedModelFiles
  std::vector<GateInputFile> inputs;
  std::string digest;      // VerdictDigest
  nlohmann::json summary;  // all of it
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

// Whether it is a plain relative path: "a/b.model", but not "/a", "../a",
// "a/../b" or "".
bool StaysInFolder(const std::string& path);

// The files sorted by path. Throws InputError if there are none, one comes
// twice, or a path does not stay in its folder.
std::vector<ModelFile> CheckedModelFiles(std::vector<ModelFile> files);

// Reads FOLDER/summary.json and checks it against its digest; looks at no other
// file. Throws InputError if there is none, or it is not one of ours,
// malformed or changed.
GateRecord ReadGateRecord(const std::string& gate_folder);

// Throws InputError if a candidate or input file is missing or no longer has
// the digest that the gate judged. Paths of inputs are as the gate was given
// them: relative ones are looked for from `root` (empty: the current folder).
void CheckGateFiles(const GateRecord& record, const std::string& gate_folder,
                    const std::string& root = "");

// A record that allows a promotion now. Throws Error:
//   kInput         as the two above;
//   kNo            the verdict is `reject`;
//   kInconclusive  the verdict is `inconclusive`.
GateRecord ReadPassingVerdict(const std::string& gate_folder,
                              const std::string& root = "");

}  // namespace airlock
