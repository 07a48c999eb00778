#include "twin/registry/registry_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <regex>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "tests/support/error_of.h"
#include "tests/support/gate_folder.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"
#include "twin/registry/registry_export.h"
#include "twin/registry/registry_index.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using airlock::testing::ErrorOf;
using airlock::testing::TemporaryFolder;
using airlock::testing::TestKey;
using airlock::testing::Why;
using airlock::testing::WriteGateFolder;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A model file as `airlock forecast fit` writes it, as far as a card reads it.
std::string ForecastModelText() {
  return json{
      {"filetype", "airlock forecast model"},
      {"body",
       {{"problem",
         {{"target", "delivered_rate"}, {"unit", "bit/s"}, {"horizon", 4}}},
        {"forecaster", {{"name", "boosted-trees"}}},
        {"trainer", "xgboost"},
        {"training_samples", 1080},
        {"training_digest", "abc"},
        {"features", {{{"column", "function.inspect.busy"}, {"unit", "1"}}}}}}}
      .dump();
}

class RegistryRecordTest : public ::testing::Test {
 protected:
  RegistryRecordTest() {
    Registry registry(path_);
    registry.Promote(Gate("a"), Why("first"));
    registry.Promote(Gate("b"), Why("better"));
    WriteGateFolder(folder_ / "c", "c", "inconclusive");
    registry.SetCandidate(folder_ / "c", "watch it");
  }

  std::string Gate(const std::string& model) {
    WriteGateFolder(folder_ / model, model);
    return folder_ / model;
  }

  QueryResult Query(const std::string& sql) {
    return QueryRegistry(path_, sql);
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "models";
};

TEST_F(RegistryRecordTest, HasVersionsInTheOrderOfTheirAppearance) {
  const RegistryRecord record = ReadRegistryRecord(path_ + "/");
  EXPECT_EQ(record.name, "models");
  ASSERT_EQ(record.versions.size(), 3u);
  EXPECT_EQ(record.versions[0].version.name, "the a");
  EXPECT_THAT(record.versions[0].aliases, ElementsAre("previous"));
  EXPECT_THAT(record.versions[1].aliases, ElementsAre("champion"));
  EXPECT_THAT(record.versions[2].aliases, ElementsAre("candidate"));
  EXPECT_EQ(record.versions[2].receipts[0].receipt.result, "WARNED");
  EXPECT_TRUE(record.versions[2].receipts[0].counts);
  EXPECT_EQ(&record.Find("champion"), &record.versions[1]);
  EXPECT_EQ(&record.Find("3"), &record.versions[2]);
  EXPECT_EQ(&record.Find(record.versions[0].version.digest.substr(0, 6)),
            &record.versions[0]);
  for (const char* id : {"", "4", "0", "abc", "Champion"}) {
    EXPECT_THAT(ErrorOf([&] { record.Find(id); }),
                HasSubstr("is none of its versions"));
  }
}

TEST_F(RegistryRecordTest, AReceiptOfADistrustedKeyIsKeptAndSaidNotToCount) {
  Registry(path_).Distrust(TestKey().public_key().id(), "");
  const RegistryRecord record = ReadRegistryRecord(path_);
  ASSERT_EQ(record.versions.size(), 3u);
  EXPECT_FALSE(record.versions[0].receipts[0].counts);
  EXPECT_THAT(ModelCard(record, record.versions[0]),
              HasSubstr("**no longer trusts**"));
}

TEST(MillisecondsTest, OfUtc) {
  // date -u -d 2026-01-31T12:00:00Z +%s
  EXPECT_EQ(MillisecondsOf("2026-01-31T12:00:00Z"), 1769860800000);
  EXPECT_EQ(MillisecondsOf("1970-01-01T00:00:01Z"), 1000);
  EXPECT_EQ(MillisecondsOf("yesterday"), 0);
  EXPECT_EQ(MillisecondsOf("2026-01-31T12:00:00Z "), 0);
}

TEST_F(RegistryRecordTest, AnswersSql) {
  const QueryResult versions =
      Query("SELECT number, name, promotions FROM versions ORDER BY number");
  EXPECT_THAT(versions.columns, ElementsAre("number", "name", "promotions"));
  ASSERT_EQ(versions.rows.size(), 3u);
  EXPECT_THAT(versions.rows[1], ElementsAre(2, "the b", 1));
  EXPECT_THAT(versions.rows[2], ElementsAre(3, "the c", 0));
  const QueryResult champion = Query(
      "SELECT c.estimate, c.\"limit\", c.p_value, c.e_value, r.verdict FROM "
      "aliases a JOIN receipts "
      "r ON r.digest = a.receipt JOIN criteria c ON c.receipt = r.digest "
      "WHERE a.alias = 'champion'");
  ASSERT_EQ(champion.rows.size(), 1u);
  EXPECT_THAT(champion.rows[0],
              ElementsAre(0.92, 0.8, 0.001, nullptr, "promote"));
  EXPECT_EQ(Query("SELECT count(*) FROM history").rows[0][0], 4);
  EXPECT_EQ(Query("SELECT sum(trusted) FROM keys").rows[0][0], 1);
  EXPECT_EQ(
      Query("SELECT sha256 FROM bound_files WHERE role = 'trace'").rows[0][0],
      Sha256("samples"));
}

// The index is made again whenever it is not that of the files.
TEST_F(RegistryRecordTest, TheIndexFollowsTheFiles) {
  const std::string count = "SELECT count(*) FROM versions";
  const std::string index = path_ + "/index.sqlite";
  EXPECT_FALSE(fs::exists(index));
  EXPECT_EQ(Query(count).rows[0][0], 3);
  const auto made = fs::last_write_time(index);
  EXPECT_EQ(Query(count).rows[0][0], 3);
  EXPECT_EQ(fs::last_write_time(index), made);
  Registry(path_).Promote(Gate("d"), Why());
  EXPECT_EQ(Query(count).rows[0][0], 4);
  for (const std::string& damage : {std::string(), std::string("no database"),
                                    ReadFile(index).substr(0, 5000)}) {
    WriteFileAtomically(index, damage);
    EXPECT_EQ(Query(count).rows[0][0], 4);
  }
  // Where it cannot be written, it is made in memory.
  fs::remove(index);
  fs::create_directory(index);
  EXPECT_EQ(Query(count).rows[0][0], 4);
  fs::remove(index);
  EXPECT_EQ(Query(count).rows[0][0], 4);
  Registry(path_).Verify();  // knows nothing of it
}

TEST_F(RegistryRecordTest, AQueryReadsAndNothingElse) {
  const std::pair<const char*, const char*> wrong[] = {
      {"DELETE FROM versions", "only what reads is allowed"},
      {"DROP TABLE versions", "only what reads is allowed"},
      {"INSERT INTO keys VALUES ('x', 1)", "only what reads is allowed"},
      {"ATTACH '/tmp/other.db' AS other", "only what reads is allowed"},
      {"PRAGMA journal_mode = WAL", "only what reads is allowed"},
      {"SELECT 1; SELECT 2", "more than one statement"},
      {"SELECT", "incomplete input"},
      {"SELECT x FROM versions", "no such column: x"},
      {"SELECT * FROM model", "no such table: model"},
      {"", "no statement"},
      {"  -- nothing", "no statement"},
      {"champion", "syntax error"}};
  for (const auto& [sql, message] : wrong) {
    EXPECT_THAT(ErrorOf([&, q = sql] { Query(q); }), HasSubstr(message)) << sql;
  }
  EXPECT_EQ(Query("SELECT count(*) FROM versions;").rows[0][0], 3);
}

TEST_F(RegistryRecordTest, ACardHasEverySectionAndSaysWhatIsMissing) {
  WriteGateFolder(folder_ / "real", ForecastModelText());
  WriteFileAtomically(folder_ / "real/gate.resolved.yaml", "name: test\n```\n");
  SealVerdict(folder_ / "real", TestKey());
  Registry(path_).Promote(folder_ / "real", Why());
  const RegistryRecord record = ReadRegistryRecord(path_);
  const std::string card = ModelCard(record, record.Find("champion"));
  for (const char* text :
       {"## Model details", "## Intended use", "## Factors", "## Metrics",
        "## Evaluation data", "## Training data", "## Quantitative analyses",
        "## Ethical considerations", "## Caveats and recommendations",
        "Predicts `delivered_rate` [bit/s] 4 samples ahead",
        "1080 samples with the digest `abc`", "- Alias: champion",
        "| r2 of delivered\\_rate | promote | 0.92 | 0.9 | 0.94 | 0.8 | 1 | "
        "400 |",
        "- Licence: Missing: the record does not say.",
        "- Not asked: size, because it is a test",
        "````yaml\nname: test\n```\n````"}) {
    EXPECT_THAT(card, HasSubstr(text));
  }
  // Of a model of another kind less is known.
  const std::string other = ModelCard(record, record.Find("1"));
  EXPECT_THAT(other,
              HasSubstr("## Factors\n\nMissing: the record does not say."));
  EXPECT_THAT(other, HasSubstr("## Training data\n\nMissing:"));
}

TEST_F(RegistryRecordTest, ACardEscapesTextOfFiles) {
  WriteGateFolder(folder_ / "x", "<script>alert(1)</script>| # *\n");
  Registry(path_).Promote(folder_ / "x", Why());
  const RegistryRecord record = ReadRegistryRecord(path_);
  const std::string card = ModelCard(record, record.Find("champion"));
  EXPECT_EQ(card.find("<script>"), std::string::npos);
  EXPECT_THAT(card, HasSubstr("# Model card: the &lt;script\\>alert\\(1\\)"
                              "&lt;/script\\>\\| \\# \\* \n"));
}

// The fields of the model management service's ModelRelatedInformation.
TEST_F(RegistryRecordTest, OranRegistrationsHaveTheServicesFields) {
  WriteGateFolder(folder_ / "real", ForecastModelText());
  Registry(path_).Promote(folder_ / "real", Why());
  ExportToOran(ReadRegistryRecord(path_), folder_ / "oran");
  const json real =
      json::parse(ReadFile(folder_ / "oran/model-registration-4.json"));
  EXPECT_EQ(real.at("modelId").at("modelName"), "models");
  EXPECT_EQ(real.at("modelId").at("modelVersion"), "4");
  EXPECT_THAT(real.at("modelId").at("artifactVersion").get<std::string>(),
              ::testing::SizeIs(16));
  const json& about = real.at("modelInformation");
  EXPECT_EQ(about.at("inputDataType"), "function.inspect.busy [1]");
  EXPECT_EQ(about.at("outputDataType"), "delivered_rate [bit/s]");
  EXPECT_FALSE(about.at("metadata").at("author").get<std::string>().empty());
  EXPECT_EQ(about.at("metadata").at("owner"), "models");
  EXPECT_TRUE(std::regex_match(
      real.at("id").get<std::string>(),
      std::regex("[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-"
                 "[0-9a-f]{12}")));
  EXPECT_FALSE(real.at("description").get<std::string>().empty());
  for (const char* key :
       {"platformName", "environmentType", "dependencyList"}) {
    EXPECT_TRUE(real.at("targetEnvironment").at(0).at(key).is_string()) << key;
  }
  const json other =
      json::parse(ReadFile(folder_ / "oran/model-registration-1.json"));
  EXPECT_EQ(other.at("modelInformation").at("inputDataType"), "unknown");
}

TEST_F(RegistryRecordTest, MlflowsFileLayout) {
  ExportToMlflow(ReadRegistryRecord(path_), folder_ / "out", folder_ / "out");
  const std::string root = folder_ / "out/mlruns";
  EXPECT_EQ(ReadFile(root + "/models/models/aliases/champion"), "2");
  EXPECT_EQ(ReadFile(root + "/models/models/aliases/previous"), "1");
  EXPECT_EQ(ReadFile(root + "/models/models/aliases/candidate"), "3");
  const RegistryRecord record = ReadRegistryRecord(path_);
  const std::string run =
      root + "/1/" +
      record.versions[1].receipts[0].receipt.digest.substr(0, 32);
  EXPECT_THAT(ReadFile(run + "/metrics/r2 of delivered_rate.estimate"),
              ::testing::EndsWith(" 0.92 0\n"));
  EXPECT_EQ(ReadFile(run + "/params/sha256.trace"), Sha256("samples"));
  EXPECT_EQ(ReadFile(run + "/tags/airlock.verdict"), "promote");
  EXPECT_EQ(ReadFile(run + "/artifacts/model/candidate.model"), "b");
  EXPECT_THAT(ReadFile(root + "/models/models/version-2/meta.yaml"),
              HasSubstr("run_id: \"" + fs::path(run).filename().string()));
  EXPECT_THAT(ErrorOf([&] {
                RegistryRecord named = record;
                named.name = "50%";
                ExportToMlflow(named, folder_ / "bad", folder_ / "bad");
              }),
              HasSubstr("MLflow takes no '50%'"));
}

// Which Python has MLflow: the one in the path, or what the environment says.
std::string PythonWithMlflow() {
  const char* const named = std::getenv("AIRLOCK_PYTHON_WITH_MLFLOW");
  const std::string python = named != nullptr ? named : "/usr/bin/python3";
  return airlock::testing::Run({python, "-c", "import mlflow"}).exit_code == 0
             ? python
             : "";
}

// Stock MLflow lists experiments, runs, parameters, metrics, tags, artifacts,
// versions and aliases.
TEST_F(RegistryRecordTest, StockMlflowReadsTheExport) {
  const std::string python = PythonWithMlflow();
  if (python.empty()) GTEST_SKIP() << "no Python with MLflow here";
  const std::string out = folder_ / "a b";
  ExportToMlflow(ReadRegistryRecord(path_), out, out);
  const char script[] = R"(
import json, sys
from mlflow.tracking import MlflowClient
uri = sys.argv[1]
client = MlflowClient(tracking_uri=uri, registry_uri=uri)
experiments = {e.experiment_id: e.name for e in client.search_experiments()}
runs = client.search_runs(["1"])
models = client.search_registered_models()
champion = client.get_model_version_by_alias("models", "champion")
run = client.get_run(champion.run_id)
versions = client.search_model_versions("name = 'models'")
print(json.dumps({
    "experiments": experiments, "runs": len(runs),
    "models": [m.name for m in models],
    "aliases": {k: int(v) for k, v in models[0].aliases.items()},
    "versions": sorted(int(v.version) for v in versions),
    "champion": int(champion.version), "champion_tags": champion.tags,
    "params": run.data.params, "metrics": run.data.metrics,
    "tags": run.data.tags, "status": run.info.status,
    "artifacts": sorted(a.path for a in client.list_artifacts(run.info.run_id)),
    "best": [r.data.params["candidate"] for r in client.search_runs(
        ["1"], "metrics.`r2 of delivered_rate.estimate` > 0.9 and "
               "tags.`airlock.verdict` = 'inconclusive'")]}))
)";
  const auto result = airlock::testing::Run(
      {python, "-W", "ignore", "-c", script, out + "/mlruns"}, folder_.path(),
      {"MLFLOW_ALLOW_FILE_STORE=true"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json seen = json::parse(result.out);
  EXPECT_EQ(seen["experiments"], (json{{"0", "Default"}, {"1", "models"}}));
  EXPECT_EQ(seen["runs"], 3);
  EXPECT_EQ(seen["models"], json{"models"});
  EXPECT_EQ(seen["aliases"],
            (json{{"champion", 2}, {"previous", 1}, {"candidate", 3}}));
  EXPECT_EQ(seen["versions"], (json{1, 2, 3}));
  EXPECT_EQ(seen["champion"], 2);
  EXPECT_EQ(seen["champion_tags"]["airlock.name"], "the b");
  EXPECT_EQ(seen["params"]["candidate"], "the b");
  EXPECT_EQ(seen["metrics"]["r2 of delivered_rate.low"], 0.9);
  EXPECT_EQ(seen["metrics"]["r2 of delivered_rate.n"], 400);
  EXPECT_EQ(seen["tags"]["airlock.verdict"], "promote");
  EXPECT_EQ(seen["status"], "FINISHED");
  EXPECT_EQ(seen["artifacts"], (json{"model", "model-card.md",
                                     "receipt.dsse.json", "summary.json"}));
  EXPECT_EQ(seen["best"], json{"the c"});
}

}  // namespace
}  // namespace airlock
