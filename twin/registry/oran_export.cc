#include <fmt/format.h>

#include "sim/base/file.h"
#include "twin/registry/model_facts.h"
#include "twin/registry/registry_export.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr char kUnknown[] = "unknown";

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ",") + word;
  }
  return text.empty() ? kUnknown : text;
}

// A UUID (RFC 9562, version 8) of the first bits of a digest.
std::string UuidOf(const std::string& digest) {
  return fmt::format("{}-{}-8{}-8{}-{}", digest.substr(0, 8),
                     digest.substr(8, 4), digest.substr(13, 3),
                     digest.substr(17, 3), digest.substr(20, 12));
}

std::string DescriptionOf(const VersionRecord& version,
                          const std::optional<ModelFacts>& facts) {
  const ReceiptRecord& last = version.receipts.back();
  std::string text = fmt::format(
      "{}: verdict {} of gate {}; receipt sha256:{}", version.version.name,
      last.summary.at("verdict").get<std::string>(),
      last.summary.value("gate", kUnknown), last.receipt.digest);
  if (facts) {
    text += fmt::format("; predicts {} {} samples ahead", facts->target,
                        facts->horizon);
  }
  return text;
}

json RegistrationOf(const RegistryRecord& record,
                    const VersionRecord& version) {
  const std::optional<ModelFacts> facts = FactsOf(version.version);
  const HistoryEntry& first = version.history.front();
  return {{"id", UuidOf(version.version.digest)},
          {"modelId",
           {{"modelName", record.name},
            {"modelVersion", std::to_string(version.number)},
            {"artifactVersion", version.version.digest.substr(0, 16)}}},
          {"description", DescriptionOf(version, facts)},
          {"modelInformation",
           {{"metadata", {{"author", first.who}, {"owner", record.name}}},
            {"inputDataType", facts ? Joined(facts->features) : kUnknown},
            {"outputDataType",
             facts ? fmt::format("{} [{}]", facts->target, facts->target_unit)
                   : kUnknown}}},
          {"modelLocation", version.version.folder},
          {"targetEnvironment",
           {{{"platformName", "airlock node"},
             {"environmentType", "live node"},
             {"dependencyList",
              fmt::format("airlock {}",
                          version.receipts.back().receipt.airlock_version)}}}}};
}

}  // namespace

void ExportToOran(const RegistryRecord& record, const std::string& folder) {
  for (const VersionRecord& version : record.versions) {
    WriteFileAtomically(
        fmt::format("{}/model-registration-{}.json", folder, version.number),
        RegistrationOf(record, version)
                .dump(2, ' ', false, json::error_handler_t::replace) +
            "\n");
  }
}

}  // namespace airlock
