#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <filesystem>
#include <set>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "twin/registry/registry_export.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char kExperiment[] = "1";
// MLflow's enumerations: SourceType.LOCAL, RunStatus.FINISHED.
constexpr int kLocal = 4;
constexpr int kFinished = 3;

using Fields = std::vector<std::pair<std::string, json>>;

// One line of YAML a field. JSON scalars and empty lists are YAML.
std::string ToYaml(const Fields& fields) {
  std::string text;
  for (const auto& [key, value] : fields) {
    text +=
        fmt::format("{}: {}\n", key,
                    value.dump(-1, ' ', true, json::error_handler_t::replace));
  }
  return text;
}

// A file URI (RFC 8089) of an absolute path.
std::string FileUri(const std::string& path) {
  std::string uri = "file://";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 ||
                       std::string("/-._~").find(c) != std::string::npos;
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return uri;
}

// What MLflow takes for a name of a metric, parameter or tag: letters, digits
// and "_-. " (its "/" and ":" would be folders here).
std::string KeyOf(const std::string& text) {
  std::string key;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 ||
                       std::string("_-. ").find(c) != std::string::npos;
    key += plain ? c : '_';
  }
  while (!key.empty() && key.back() == ' ') key.pop_back();
  return key.empty() || key == "." || key == ".." ? "unnamed"
                                                  : key.substr(0, 200);
}

// Writes DIR/KEY, or DIR/KEY 2 if there is one of that name.
void WriteKey(const std::string& folder, const std::string& name,
              const std::string& value) {
  const std::string key = KeyOf(name);
  std::string path = folder + "/" + key;
  for (int i = 2; fs::exists(path); ++i) {
    path = fmt::format("{}/{} {}", folder, key, i);
  }
  WriteFileAtomically(path, value);
}

void CopyInto(const std::string& from, const std::string& to) {
  WriteFileAtomically(to, ReadFile(from));
}

class MlflowStore {
 public:
  MlflowStore(const RegistryRecord& record, const std::string& folder,
              const std::string& location)
      : record_(record),
        root_(folder + "/mlruns"),
        uri_(FileUri(fs::absolute(location).lexically_normal().string() +
                     "/mlruns")) {}

  void Write() const {
    WriteExperiment("0", "Default", 0);
    WriteExperiment(kExperiment, record_.name,
                    record_.history.empty()
                        ? 0
                        : MillisecondsOf(record_.history.front().when));
    for (const VersionRecord& version : record_.versions) {
      for (const ReceiptRecord& receipt : version.receipts) {
        WriteRun(version, receipt);
      }
    }
    WriteModel();
  }

 private:
  static std::string RunId(const Receipt& receipt) {
    return receipt.digest.substr(0, 32);
  }

  void WriteExperiment(const std::string& id, const std::string& name,
                       int64_t time) const {
    WriteFileAtomically(root_ + "/" + id + "/meta.yaml",
                        ToYaml({{"artifact_location", uri_ + "/" + id},
                                {"creation_time", time},
                                {"experiment_id", id},
                                {"last_update_time", time},
                                {"lifecycle_stage", "active"},
                                {"name", name}}));
  }

  void WriteRun(const VersionRecord& version,
                const ReceiptRecord& record) const {
    const std::string id = RunId(record.receipt);
    const std::string run = fmt::format("{}/{}/{}", root_, kExperiment, id);
    const int64_t time = MillisecondsOf(record.when);
    const std::string name = fmt::format(
        "{}: {}", record.summary.value("gate", "gate"), version.version.name);
    WriteFileAtomically(
        run + "/meta.yaml",
        ToYaml({{"artifact_uri",
                 fmt::format("{}/{}/{}/artifacts", uri_, kExperiment, id)},
                {"end_time", time},
                {"entry_point_name", ""},
                {"experiment_id", kExperiment},
                {"lifecycle_stage", "active"},
                {"run_id", id},
                {"run_name", name},
                {"source_name", "airlock gate"},
                {"source_type", kLocal},
                {"source_version", record.receipt.airlock_commit},
                {"start_time", time},
                {"status", kFinished},
                {"tags", json::array()},
                {"user_id", record.who}}));
    for (const char* part : {"params", "metrics", "tags", "artifacts"}) {
      fs::create_directories(run + "/" + part);
    }
    WriteParameters(run, version, record);
    WriteMetrics(run, record, time);
    WriteTags(run, name, record);
    WriteArtifacts(run, version, record);
  }

  void WriteParameters(const std::string& run, const VersionRecord& version,
                       const ReceiptRecord& record) const {
    const std::string folder = run + "/params";
    WriteKey(folder, "candidate", version.version.name);
    WriteKey(folder, "model_digest", version.version.digest);
    WriteKey(folder, "gate", record.summary.value("gate", ""));
    WriteKey(folder, "airlock_version", record.receipt.airlock_version);
    for (const BoundFile& file : record.receipt.bound) {
      if (file.in_gate_folder) continue;
      WriteKey(folder, "input." + file.role, file.path);
      WriteKey(folder, "sha256." + file.role, file.sha256);
    }
  }

  // Each number of each criterion; what is missing is left out.
  void WriteMetrics(const std::string& run, const ReceiptRecord& record,
                    int64_t time) const {
    for (const json& row : record.summary.at("criteria")) {
      const std::string label =
          row.value("label", row.value("kind", std::string("criterion")));
      for (const char* number : {"estimate", "low", "high", "limit", "n"}) {
        const json value = row.value(number, json());
        if (!value.is_number()) continue;
        WriteKey(run + "/metrics", label + "." + number,
                 fmt::format("{} {} 0\n", time, value.get<double>()));
      }
    }
  }

  void WriteTags(const std::string& run, const std::string& name,
                 const ReceiptRecord& record) const {
    const std::string folder = run + "/tags";
    WriteKey(folder, "mlflow.runName", name);
    WriteKey(folder, "mlflow.user", record.who);
    WriteKey(folder, "mlflow.source.type", "LOCAL");
    WriteKey(folder, "mlflow.source.name", "airlock gate");
    WriteKey(folder, "airlock.verdict",
             record.summary.at("verdict").get<std::string>());
    WriteKey(folder, "airlock.receipt", record.receipt.digest);
    WriteKey(folder, "airlock.key_id", record.receipt.key_id);
    WriteKey(folder, "airlock.commit", record.receipt.airlock_commit);
    std::string note;
    for (const json& row : record.summary.at("criteria")) {
      note += fmt::format("- **{}** {}: {}\n", row.value("outcome", ""),
                          row.value("label", row.value("kind", "")),
                          row.value("reason", ""));
    }
    WriteKey(folder, "mlflow.note.content", note);
  }

  void WriteArtifacts(const std::string& run, const VersionRecord& version,
                      const ReceiptRecord& record) const {
    const std::string folder = run + "/artifacts";
    for (const ModelFile& file : version.version.files) {
      CopyInto(version.version.folder + "/" + file.path,
               folder + "/model/" + file.path);
    }
    WriteFileAtomically(folder + "/" + kReceiptName, record.receipt.text);
    WriteFileAtomically(folder + "/summary.json",
                        record.summary.dump(2) + "\n");
    WriteFileAtomically(folder + "/model-card.md", ModelCard(record_, version));
  }

  void WriteModel() const {
    const std::string folder = root_ + "/models/" + record_.name;
    const auto time_of = [this](bool last) {
      if (record_.history.empty()) return int64_t{0};
      return MillisecondsOf(
          (last ? record_.history.back() : record_.history.front()).when);
    };
    WriteFileAtomically(
        folder + "/meta.yaml",
        ToYaml({{"creation_timestamp", time_of(false)},
                {"deployment_job_id", nullptr},
                {"deployment_job_state", nullptr},
                {"description", "Exported from an Airlock registry"},
                {"last_updated_timestamp", time_of(true)},
                {"name", record_.name}}));
    WriteKey(folder + "/tags", "airlock.history_tail",
             record_.state.history_tail);
    WriteKey(folder + "/tags", "airlock.sequence",
             std::to_string(record_.state.sequence));
    WriteKey(folder + "/tags", "airlock.pause", ToString(record_.state.pause));
    for (const VersionRecord& version : record_.versions) {
      WriteVersion(folder, version);
      for (const std::string& alias : version.aliases) {
        WriteFileAtomically(folder + "/aliases/" + alias,
                            std::to_string(version.number));
      }
    }
  }

  void WriteVersion(const std::string& model,
                    const VersionRecord& version) const {
    const std::string folder =
        fmt::format("{}/version-{}", model, version.number);
    const ReceiptRecord& last = version.receipts.back();
    const std::string source = fmt::format("{}/{}/{}/artifacts/model", uri_,
                                           kExperiment, RunId(last.receipt));
    WriteFileAtomically(folder + "/meta.yaml",
                        ToYaml({{"aliases", json::array()},
                                {"creation_timestamp",
                                 MillisecondsOf(version.history.front().when)},
                                {"current_stage", "None"},
                                {"deployment_job_state", nullptr},
                                {"description", version.version.name},
                                {"last_updated_timestamp",
                                 MillisecondsOf(version.history.back().when)},
                                {"metrics", nullptr},
                                {"model_id", nullptr},
                                {"name", record_.name},
                                {"params", nullptr},
                                {"run_id", RunId(last.receipt)},
                                {"run_link", nullptr},
                                {"source", source},
                                {"status", "READY"},
                                {"status_message", nullptr},
                                {"storage_location", source},
                                {"user_id", version.history.front().who},
                                {"version", version.number}}));
    WriteKey(folder + "/tags", "airlock.name", version.version.name);
    WriteKey(folder + "/tags", "airlock.digest", version.version.digest);
    WriteKey(folder + "/tags", "airlock.receipt", last.receipt.digest);
    WriteKey(folder + "/tags", "airlock.verdict",
             last.summary.at("verdict").get<std::string>());
    WriteKey(folder + "/tags", "airlock.receipt_counts",
             last.counts ? "true" : "false");
  }

  const RegistryRecord& record_;
  std::string root_;
  std::string uri_;
};

}  // namespace

void ExportToMlflow(const RegistryRecord& record, const std::string& folder,
                    const std::string& location) {
  if (record.name.find_first_of("/\\:%") != std::string::npos) {
    throw InputError(fmt::format(
        "MLflow takes no '{}' for a model's name: it may not hold / \\ : or %; "
        "rename the registry's folder",
        record.name));
  }
  MlflowStore(record, folder, location).Write();
}

}  // namespace airlock
