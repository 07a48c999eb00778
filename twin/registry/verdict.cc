#include "twin/registry/verdict.h"

#include <algorithm>
#include <filesystem>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr int kVersionMajor = 1;

std::string CanonicalText(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// A member of an object read from `path`; throws InputError if it is missing or
// of another type.
template <typename T>
T Member(const json& object, const char* key, const std::string& path) {
  try {
    return object.at(key).get<T>();
  } catch (const json::exception& error) {
    throw InputError(fmt::format("{}: '{}': {}", path, key, CauseOf(error)));
  }
}

void CheckHeader(const json& summary, const std::string& path) {
  if (!summary.is_object() ||
      summary.value("filetype", json()) != "gate-verdict") {
    throw InputError(fmt::format("{}: not a gate's verdict", path));
  }
  const auto version = Member<std::vector<int64_t>>(summary, "version", path);
  if (version.size() != 2) {
    throw InputError(fmt::format("{}: 'version' is not two numbers", path));
  }
  if (version[0] > kVersionMajor) {
    throw InputError(fmt::format(
        "{}: written by a newer Airlock: gate-verdict {}.{}; this program "
        "reads up to {}.x",
        path, version[0], version[1], kVersionMajor));
  }
  const std::string stated = Member<std::string>(summary, "digest", path);
  const std::string computed = VerdictDigest(summary);
  if (stated != computed) {
    throw InputError(fmt::format(
        "{}: changed since the gate wrote it: its digest is {} but the content "
        "has {}",
        path, stated, computed));
  }
}

// Throws unless the verdict, and each criterion, is `promote`.
void CheckPasses(const json& summary, const std::string& path) {
  const std::string verdict = Member<std::string>(summary, "verdict", path);
  if (verdict == "reject") {
    throw Error(fmt::format("{}: the gate rejects the candidate", path),
                ExitCode::kNo);
  }
  if (verdict == "inconclusive") {
    throw Error(fmt::format("{}: the gate's verdict is inconclusive", path),
                ExitCode::kInconclusive);
  }
  const auto criteria = Member<std::vector<json>>(summary, "criteria", path);
  if (criteria.empty()) {
    throw InputError(fmt::format(
        "{}: the verdict is promote, but without a criterion", path));
  }
  for (const json& criterion : criteria) {
    const std::string outcome = Member<std::string>(criterion, "outcome", path);
    if (outcome == "promote") continue;
    throw InputError(fmt::format(
        "{}: the verdict is promote, but a criterion's outcome is {}", path,
        outcome));
  }
}

// Throws InputError if the file is not what the gate judged.
void CheckFile(const std::string& file, const std::string& sha256,
               const std::string& what) {
  std::string now;
  try {
    now = Sha256OfFile(file);
  } catch (const Error& error) {
    throw InputError(fmt::format(
        "{} (the {} that was judged; paths are as seen from the folder in "
        "which the gate ran)",
        error.what(), what));
  }
  if (now == sha256) return;
  throw InputError(fmt::format(
      "{}: the {} changed since the gate judged it: its SHA-256 is {}, the "
      "verdict has {}",
      file, what, now, sha256));
}

std::vector<ModelFile> CandidateFiles(const json& candidate,
                                      const std::string& path) {
  std::vector<ModelFile> files;
  for (const json& row : Member<std::vector<json>>(candidate, "files", path)) {
    files.push_back({Member<std::string>(row, "path", path),
                     Member<std::string>(row, "sha256", path)});
  }
  try {
    return CheckedModelFiles(std::move(files));
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", path, error.what()));
  }
}

}  // namespace

json ReadJsonFile(const std::string& path) {
  try {
    return json::parse(ReadFile(path));
  } catch (const json::exception& error) {
    throw InputError(fmt::format("{}: {}", path, CauseOf(error)));
  }
}

std::string VerdictDigest(const json& summary) {
  json rest = summary;
  rest.erase("digest");
  return Sha256(CanonicalText(rest));
}

std::string ModelDigest(const std::vector<ModelFile>& files) {
  json list = json::array();
  for (const ModelFile& file : files) {
    list.push_back({{"path", file.path}, {"sha256", file.sha256}});
  }
  return Sha256(CanonicalText(list));
}

bool StaysInFolder(const std::string& path) {
  const std::filesystem::path whole(path);
  if (path.empty() || whole.is_absolute()) return false;
  return std::none_of(whole.begin(), whole.end(), [](const auto& part) {
    return part == ".." || part == "." || part.empty();
  });
}

std::vector<ModelFile> CheckedModelFiles(std::vector<ModelFile> files) {
  if (files.empty()) throw InputError("the candidate has no files");
  std::sort(
      files.begin(), files.end(),
      [](const ModelFile& a, const ModelFile& b) { return a.path < b.path; });
  for (size_t i = 0; i < files.size(); ++i) {
    if (!StaysInFolder(files[i].path)) {
      throw InputError(fmt::format(
          "the candidate's file '{}' is not a path inside the gate's folder",
          files[i].path));
    }
    if (i > 0 && files[i].path == files[i - 1].path) {
      throw InputError(
          fmt::format("the candidate's file '{}' comes twice", files[i].path));
    }
  }
  return files;
}

GateRecord ReadGateRecord(const std::string& gate_folder) {
  const std::string path = gate_folder + "/summary.json";
  GateRecord record;
  record.summary = ReadJsonFile(path);
  CheckHeader(record.summary, path);
  const json& summary = record.summary;
  record.verdict = Member<std::string>(summary, "verdict", path);
  if (record.verdict != "promote" && record.verdict != "reject" &&
      record.verdict != "inconclusive") {
    throw InputError(fmt::format(
        "{}: '{}' is not a verdict: promote, reject or inconclusive", path,
        record.verdict));
  }
  const json candidate = Member<json>(summary, "candidate", path);
  record.candidate_name = Member<std::string>(candidate, "name", path);
  record.files = CandidateFiles(candidate, path);
  for (const json& input : Member<std::vector<json>>(summary, "inputs", path)) {
    record.inputs.push_back({Member<std::string>(input, "what", path),
                             Member<std::string>(input, "path", path),
                             Member<std::string>(input, "sha256", path)});
  }
  for (const json& criterion :
       Member<std::vector<json>>(summary, "criteria", path)) {
    Member<std::string>(criterion, "outcome", path);
  }
  record.digest = VerdictDigest(summary);
  return record;
}

void CheckGateFiles(const GateRecord& record, const std::string& gate_folder,
                    const std::string& root) {
  for (const ModelFile& file : record.files) {
    CheckFile(gate_folder + "/" + file.path, file.sha256, "candidate");
  }
  for (const GateInputFile& input : record.inputs) {
    CheckFile((std::filesystem::path(root) / input.path).string(), input.sha256,
              input.what);
  }
}

GateRecord ReadPassingVerdict(const std::string& gate_folder,
                              const std::string& root) {
  GateRecord record = ReadGateRecord(gate_folder);
  CheckPasses(record.summary, gate_folder + "/summary.json");
  CheckGateFiles(record, gate_folder, root);
  return record;
}

}  // namespace airlock
