#include <algorithm>
#include <vector>

#include "sim/config/fields.h"
#include "sim/scenario/resolve.h"
#include "sim/scenario/scenario_fields.h"
#include "tests/golden/scenario/golden.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

const std::string kSource = AIRLOCK_SOURCE_DIR;
const std::string kScenarios = kSource + "/scenarios/";
const std::string kGolden = kSource + "/tests/golden/scenario/";

// The .yaml files of a folder, sorted; those that are scenarios.
std::vector<std::string> YamlFiles(const std::string& folder) {
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".yaml") continue;
    if (name == "example_profile.yaml" || name.rfind("base_", 0) == 0) continue;
    files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  EXPECT_FALSE(files.empty()) << folder;
  return files;
}

TEST(ScenarioGoldenTest, EveryScenarioResolves) {
  for (const std::string network : {"datacentre", "wlan"}) {
    for (const std::string& path : YamlFiles(kScenarios + network)) {
      SCOPED_TRACE(path);
      Diagnostics diagnostics;
      const auto resolved = LoadScenario(path, {}, &diagnostics);
      EXPECT_EQ(diagnostics.Format(), "");
      ASSERT_TRUE(resolved);
      ExpectGolden(kGolden + "resolved/" + network + "_" +
                       fs::path(path).filename().string(),
                   Replaced(resolved->text(), kSource, "SOURCE"));
      // The resolved text resolves to itself.
      const auto again = ResolveText(resolved->text(), "again", &diagnostics);
      ASSERT_TRUE(again) << diagnostics.Format();
      EXPECT_EQ(again->text(), resolved->text());
      EXPECT_EQ(again->sha256(), resolved->sha256());
    }
  }
}

TEST(ScenarioGoldenTest, EveryBadFileSaysWhy) {
  for (const std::string& path : YamlFiles(kGolden + "bad")) {
    SCOPED_TRACE(path);
    Diagnostics diagnostics;
    EXPECT_FALSE(LoadScenario(path, {}, &diagnostics));
    ExpectGolden(fs::path(path).replace_extension(".txt").string(),
                 Replaced(diagnostics.Format(), kGolden + "bad/", ""));
  }
}

TEST(ScenarioGoldenTest, BadOverridesSayWhy) {
  const std::vector<std::string> overrides = {
      "run.sed=3",
      "run.seed=0x1F",
      "run.duration=1",
      "datacentre.chain.functions.inspekt.ring=64",
      "datacentre.chain.functions.7.ring=64",
      "datacentre.chain.functions.bridge.ring=0",
      "datacentre.topology.leaves.count=3",
      "datacentre.chain.workload.packet_sizes=[{size: 64}]",
      "datacentre.chain.server_host=99",
      "run.replications",
      "run.engine=[",
      "name=",
  };
  Diagnostics diagnostics;
  EXPECT_FALSE(LoadScenario(kScenarios + "datacentre/chain.yaml", overrides,
                            &diagnostics));
  ExpectGolden(kGolden + "bad/overrides.txt",
               Replaced(diagnostics.Format(), kSource + "/", ""));
}

TEST(ScenarioGoldenTest, ReadmeHasEveryKey) {
  const std::string path = kScenarios + "README.md";
  const std::string mark = "<!-- keys -->\n";
  const std::string text = ReadFile(path);
  const size_t at = text.find(mark);
  ASSERT_NE(at, std::string::npos);
  ExpectGolden(path, text.substr(0, at) + mark + "\n## Keys\n\n" +
                         ScenarioKeyReference());
}

TEST(ScenarioGoldenTest, ReadmeNamesEveryScenario) {
  const std::string text = ReadFile(kScenarios + "README.md");
  for (const std::string network : {"datacentre", "wlan"}) {
    for (const std::string& path : YamlFiles(kScenarios + network)) {
      const std::string name = fs::path(path).filename().string();
      EXPECT_NE(text.find("`" + network + "/" + name + "`"), std::string::npos)
          << name;
    }
  }
}

TEST(ScenarioGoldenTest, JsonSchema) {
  ExpectGolden(kScenarios + "scenario.schema.json", ScenarioJsonSchema());
}

// Adds the keys of `type` that the file does not give to `*missing`.
void AddMissing(const TypeDescription& type, const std::string& path,
                const Reporter& file, std::vector<std::string>* missing) {
  using Kind = TypeDescription::Kind;
  if (type.kind == Kind::kList) {
    AddMissing(*type.element, JoinKeys(path, "0"), file, missing);
  }
  for (const FieldDescription& field : type.fields) {
    const std::string key = JoinKeys(path, field.name);
    if (!file.Given(key)) missing->push_back(key);
    AddMissing(field.type, key, file, missing);
  }
}

// A WLAN's access points are written or generated: generated.yaml has the keys
// of the latter.
bool IsGenerated(const std::string& key) {
  return key.rfind("wlan.generated", 0) == 0;
}

// The surrogate runs one of a chain and a pool: pool_of_everything.yaml has the
// keys of the latter.
bool IsOfPool(const std::string& key) {
  return key.rfind("datacentre.balancer", 0) == 0;
}

// Servers are a model of their own: servers_of_everything.yaml has their keys.
bool IsOfServers(const std::string& key) {
  return key.rfind("datacentre.servers", 0) == 0;
}

// A WLAN's channel plans are learnt and guarded; a datacentre has none.
bool IsOfPlans(const std::string& key) {
  return key == "controller.policy" || key.rfind("controller.shield", 0) == 0 ||
         key.rfind("controller.fallback", 0) == 0 ||
         key.rfind("controller.what_if", 0) == 0;
}

TEST(ScenarioGoldenTest, OthersHaveTheKeysThatOneOfEverythingCannotHave) {
  for (const auto& [file, is_there] :
       {std::make_pair("wlan/generated.yaml", IsGenerated),
        std::make_pair("datacentre/pool_of_everything.yaml", IsOfPool),
        std::make_pair("datacentre/servers_of_everything.yaml", IsOfServers)}) {
    Diagnostics diagnostics;
    const auto document = ReadDocument(kScenarios + file, {}, &diagnostics);
    ASSERT_TRUE(document);
    std::vector<std::string> missing;
    AddMissing(FieldsOf<Scenario>().Describe(), "",
               Reporter(&document->root, "", &diagnostics), &missing);
    for (const std::string& key : missing) {
      EXPECT_FALSE(is_there(key)) << file << " lacks " << key;
    }
  }
}

TEST(ScenarioGoldenTest, OneOfEverythingHasEveryKey) {
  for (const std::string network : {"datacentre", "wlan"}) {
    Diagnostics diagnostics;
    const auto document = ReadDocument(
        kScenarios + network + "/one_of_everything.yaml", {}, &diagnostics);
    ASSERT_TRUE(document);
    std::vector<std::string> missing;
    AddMissing(FieldsOf<Scenario>().Describe(), "",
               Reporter(&document->root, "", &diagnostics), &missing);
    const std::string other = network == "wlan" ? "datacentre" : "wlan";
    for (const std::string& key : missing) {
      EXPECT_TRUE(key == other || key.rfind(other + ".", 0) == 0 ||
                  IsGenerated(key) || IsOfPool(key) || IsOfServers(key) ||
                  (network == "datacentre" && IsOfPlans(key)))
          << network << "/one_of_everything.yaml lacks " << key;
    }
  }
}

}  // namespace
}  // namespace airlock
