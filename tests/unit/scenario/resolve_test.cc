#include "sim/scenario/resolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "sim/base/file.h"

namespace airlock {
namespace {

using testing::HasSubstr;

const char kChain[] = R"(schema: 1
name: x
datacentre:
  chain:
    functions:
      - {name: bridge, ring: 100}
      - {name: inspect}
)";

class ResolveTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "airlock_resolve_test";
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    WriteFileAtomically(path, text);
    return path;
  }
  ResolvedScenario Load(const std::string& path,
                        const std::vector<std::string>& overrides = {}) {
    Diagnostics diagnostics;
    auto resolved = LoadScenario(path, overrides, &diagnostics);
    EXPECT_TRUE(resolved) << diagnostics.Format();
    return resolved.value();
  }

  std::string folder_;
};

CalibrationProfile Profile() {
  CalibrationProfile profile;
  profile.scenario_sha256 = "s";
  profile.trace_digest = "t";
  profile.parameters = {
      {"bridge", "ring", "packet", 64.4, 60, 70, "fitted", ""},
      {"bridge", "service.per_packet", "ns", 1234.5, 1200, 1300, "fitted", ""},
      {"inspect", "contention_slope.cpu", "1", 0.25, 0.2, 0.3, "fitted", ""},
      {"inspect", "wakeup", "ns", 2000, 0, 3000, "fixed", "no idle time"},
  };
  KpiFidelity good;
  good.kpi = "delivered_rate";
  good.w1_over_sd = 0.05;
  good.coverage = 0.9;
  good.credible = true;
  KpiFidelity bad;
  bad.kpi = "loss_ratio";
  bad.w1_over_sd = std::nan("");
  bad.reason = "no loss in the held-out part";
  profile.kpis = {good, bad};
  return profile;
}

TEST_F(ResolveTest, GeneratedAccessPointsMayHaveAGuardInterval) {
  const std::string path = Write("wlan.yaml", R"(schema: 1
name: x
wlan:
  guard_interval: 800ns
  generated: {access_points: 4, neighbours: 2}
)");
  EXPECT_EQ(Load(path).scenario().wlan->guard_interval, SimTime(800));
  Diagnostics diagnostics;
  EXPECT_FALSE(LoadScenario(path, {"wlan.standard=802.11ac"}, &diagnostics));
  EXPECT_THAT(diagnostics.Format(), HasSubstr("applies to 802.11ax only"));
}

TEST_F(ResolveTest, DefaultsAreMarkedAndDoNotChangeTheIdentity) {
  const ResolvedScenario short_one = Load(Write("a.yaml", kChain));
  EXPECT_THAT(short_one.text(), HasSubstr("\n  seed: 1  # default\n"));
  EXPECT_THAT(short_one.text(), HasSubstr("\n        ring: 100\n"));
  const ResolvedScenario written_out = Load(Write("b.yaml", short_one.text()));
  EXPECT_EQ(written_out.text(), short_one.text());
  EXPECT_EQ(written_out.sha256(), short_one.sha256());
  const ResolvedScenario other = Load(folder_ + "/a.yaml", {"run.seed=2"});
  EXPECT_NE(other.sha256(), short_one.sha256());
}

TEST_F(ResolveTest, FileTextListsOverridesAndRuns) {
  const ResolvedScenario resolved =
      Load(Write("a.yaml", kChain),
           {"run.seed=5", "datacentre.chain.functions.inspect.ring=64"});
  EXPECT_EQ(resolved.scenario().run.seed, 5);
  EXPECT_EQ(resolved.scenario().datacentre->chain->functions[1].ring, 64);
  EXPECT_THAT(resolved.FileText(), HasSubstr("# with --set run.seed=5\n"));
  EXPECT_EQ(Load(Write("b.yaml", resolved.FileText())).sha256(),
            resolved.sha256());
}

TEST_F(ResolveTest, RunsFromAnotherDirectory) {
  Write("load.h5", "one");
  const ResolvedScenario resolved =
      Load(Write("a.yaml", std::string(kChain) +
                               "    workload:\n"
                               "      load: {kind: trace, trace: load.h5}\n"));
  EXPECT_EQ(resolved.scenario().datacentre->chain->workload.load.trace,
            folder_ + "/load.h5");
  Diagnostics diagnostics;
  EXPECT_TRUE(ResolveText(resolved.text(), "elsewhere", &diagnostics))
      << diagnostics.Format();
}

TEST_F(ResolveTest, IdentityFollowsContentNotPlaceOfFiles) {
  const std::string text = std::string(kChain) +
                           "    workload:\n"
                           "      load: {kind: trace, trace: NAME}\n";
  const auto with = [&](const std::string& name) {
    std::string filled = text;
    filled.replace(filled.find("NAME"), 4, name);
    return Load(Write("of_" + name + ".yaml", filled)).sha256();
  };
  Write("one.h5", "content");
  Write("same.h5", "content");
  Write("other.h5", "other content");
  EXPECT_EQ(with("one.h5"), with("same.h5"));
  EXPECT_NE(with("one.h5"), with("other.h5"));
}

TEST_F(ResolveTest, APolicyIsNamedFromItsScenarioAndItsContentCounts) {
  Write("one.json", "weights");
  Write("same.json", "weights");
  Write("other.json", "other weights");
  const auto with = [&](const std::string& name) {
    return Load(Write("of_" + name + ".yaml",
                      "schema: 1\nname: x\ndatacentre: "
                      "{traffic: {kind: permutation}}\n"
                      "controller: {policy: " +
                          name + "}\n"));
  };
  EXPECT_EQ(with("one.json").scenario().controller.policy,
            folder_ + "/one.json");
  EXPECT_EQ(with("one.json").sha256(), with("same.json").sha256());
  EXPECT_NE(with("one.json").sha256(), with("other.json").sha256());
  Diagnostics diagnostics;
  EXPECT_FALSE(LoadScenario(Write("none.yaml",
                                  "schema: 1\nname: x\n"
                                  "datacentre: {traffic: {kind: permutation}}\n"
                                  "controller: {policy: none.json}\n"),
                            {}, &diagnostics));
  EXPECT_THAT(diagnostics.Format(), HasSubstr("none.yaml:4:22: error: "
                                              "controller.policy: "));
}

TEST_F(ResolveTest, ScenarioBuiltInCode) {
  Scenario scenario;
  scenario.name = "built";
  scenario.datacentre.emplace();
  scenario.datacentre->traffic.kind = "incast";
  Diagnostics diagnostics;
  ASSERT_TRUE(Resolve(scenario, &diagnostics)) << diagnostics.Format();
  scenario.datacentre->traffic.receiver = 8;
  EXPECT_FALSE(Resolve(scenario, &diagnostics));
  EXPECT_THAT(diagnostics.Format(),
              HasSubstr("error: datacentre.traffic.receiver: there is no host "
                        "8\n"));
}

TEST_F(ResolveTest, ReportPointsIntoTheFile) {
  const ResolvedScenario resolved = Load(
      Write("a.yaml", std::string(kChain) + "controller: {agent: nobody}\n"));
  Diagnostics diagnostics;
  resolved.Report("controller.agent", "no such agent", "write static",
                  &diagnostics);
  EXPECT_EQ(diagnostics.Format(),
            folder_ +
                "/a.yaml:8:21: error: controller.agent: no such agent\n"
                "    8 | controller: {agent: nobody}\n"
                "      |                     ^~~~~~ write static\n"
                "1 error; nothing was run\n");
}

TEST_F(ResolveTest, ProfileReplacesParameters) {
  WriteCalibrationProfile(Profile(), folder_ + "/p.yaml");
  const std::string path =
      Write("a.yaml", std::string(kChain) + "    profile: p.yaml\n");
  const ResolvedScenario resolved = Load(path);
  const ChainConfig& chain = *resolved.scenario().datacentre->chain;
  EXPECT_EQ(chain.functions[0].ring, 64);
  EXPECT_EQ(chain.functions[0].service.per_packet_ns, 1234.5);
  EXPECT_EQ(chain.functions[1].contention_slope.cpu, 0.25);
  EXPECT_EQ(chain.functions[1].wakeup, Microseconds(2));
  ASSERT_TRUE(resolved.profile());
  EXPECT_TRUE(resolved.profile()->Find("delivered_rate")->credible);
  EXPECT_EQ(resolved.profile()->Find("nothing"), nullptr);
  // Resolved again, nothing changes, and the profile is still known.
  Diagnostics diagnostics;
  const auto again = ResolveText(resolved.text(), "again", &diagnostics);
  ASSERT_TRUE(again) << diagnostics.Format();
  EXPECT_EQ(again->text(), resolved.text());
  EXPECT_TRUE(again->profile());
}

TEST_F(ResolveTest, CommandLineGoesBeforeTheProfile) {
  WriteCalibrationProfile(Profile(), folder_ + "/p.yaml");
  const std::string path = Write("a.yaml", kChain);
  const ResolvedScenario resolved =
      Load(path, {"datacentre.chain.profile=" + folder_ + "/p.yaml",
                  "datacentre.chain.functions.bridge.ring=7",
                  "datacentre.chain.functions.1.contention_slope={io: 1}"});
  const ChainConfig& chain = *resolved.scenario().datacentre->chain;
  EXPECT_EQ(chain.functions[0].ring, 7);
  EXPECT_EQ(chain.functions[0].service.per_packet_ns, 1234.5);
  // Only the io slope was given by hand.
  EXPECT_EQ(chain.functions[1].contention_slope.io, 1);
  EXPECT_EQ(chain.functions[1].contention_slope.cpu, 0.25);
  const ResolvedScenario kept =
      Load(path, {"datacentre.chain.profile=" + folder_ + "/p.yaml",
                  "datacentre.chain.profile_values=keep"});
  EXPECT_EQ(kept.scenario().datacentre->chain->functions[0].ring, 100);
  EXPECT_TRUE(kept.profile());
}

TEST_F(ResolveTest, ProfileRoundTrips) {
  const std::string path = folder_ + "/p.yaml";
  CalibrationProfile profile = Profile();
  profile.parameters[0].value = 0.1 + 0.2 + 64;
  WriteCalibrationProfile(profile, path);
  Diagnostics diagnostics;
  const auto back = LoadCalibrationProfile(path, &diagnostics);
  ASSERT_TRUE(back) << diagnostics.Format();
  EXPECT_EQ(back->parameters[0].value, profile.parameters[0].value);
  EXPECT_TRUE(std::isnan(back->kpis[1].w1_over_sd));
  EXPECT_EQ(ToYamlText(*back), ToYamlText(profile));
}

TEST(FidelityTest, LimitsRefuseNan) {
  FidelityLimits limits;
  KpiFidelity kpi;
  kpi.w1_over_sd = 0.1;
  kpi.p99_error = -0.1;
  kpi.coverage = 0.95;
  EXPECT_TRUE(MeetsLimits(kpi, limits));
  for (double KpiFidelity::*number :
       {&KpiFidelity::w1_over_sd, &KpiFidelity::p99_error,
        &KpiFidelity::coverage}) {
    KpiFidelity broken = kpi;
    broken.*number = std::nan("");
    EXPECT_FALSE(MeetsLimits(broken, limits));
  }
  kpi.coverage = 0.96;
  EXPECT_FALSE(MeetsLimits(kpi, limits));
}

}  // namespace
}  // namespace airlock
