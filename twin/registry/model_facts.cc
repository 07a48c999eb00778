#include "twin/registry/model_facts.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/file.h"

namespace airlock {
namespace {

using nlohmann::json;

// Throws json::exception if the file is of another form.
ModelFacts Read(const json& body) {
  ModelFacts facts;
  const json& problem = body.at("problem");
  problem.at("target").get_to(facts.target);
  problem.at("unit").get_to(facts.target_unit);
  problem.at("horizon").get_to(facts.horizon);
  body.at("forecaster").at("name").get_to(facts.forecaster);
  if (body.contains("trainer")) body.at("trainer").get_to(facts.trainer);
  body.at("training_samples").get_to(facts.training_samples);
  body.at("training_digest").get_to(facts.training_digest);
  for (const json& feature : body.at("features")) {
    facts.features.push_back(
        fmt::format("{} [{}]", feature.at("column").get<std::string>(),
                    feature.at("unit").get<std::string>()));
  }
  return facts;
}

}  // namespace

std::optional<ModelFacts> FactsOf(const ModelVersion& version) {
  for (const ModelFile& file : version.files) {
    try {
      const json object =
          json::parse(ReadFile(version.folder + "/" + file.path));
      if (object.at("filetype") == "airlock forecast model") {
        return Read(object.at("body"));
      }
    } catch (const json::exception&) {
      continue;  // another kind of file
    }
  }
  return std::nullopt;
}

}  // namespace airlock
