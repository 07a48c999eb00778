#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/base/file.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

// `airlock calibrate --against packet`: the surrogate of a WLAN is fitted to
// packet-level runs of random plans, and a scenario uses what came out.
namespace airlock::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kScene[] =
    "schema: 1\n"
    "name: small\n"
    "run: {seed: 5, duration: 50ms, sample_interval: 10ms, engine: ENGINE}\n"
    "wlan:\n"
    "  region: EU\n"
    "  dfs: false\n"
    "  phy: yans\n"
    "  generated: {access_points: 3, neighbours: 1.9, stations: 1,\n"
    "              station_distance: 3m}\n"
    "  traffic: {rate_per_station: 60Mbps}\n";

std::string Scene(const std::string& engine) {
  std::string text = kScene;
  return text.replace(text.find("ENGINE"), 6, engine);
}

std::string Replaced(std::string text, const std::string& from,
                     const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::vector<std::string> Calibrate(const std::string& scene,
                                   const std::string& out,
                                   const std::vector<std::string>& more = {}) {
  std::vector<std::string> command = {"calibrate", scene, "--against",
                                      "packet",    "-o",  out};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

TEST(SurrogateCalibrationTest, IsFittedToPacketRunsAndThenUsed) {
  const TemporaryFolder folder;
  const std::string profile = folder / "profile.yaml";
  WriteFileAtomically(folder / "packet.yaml", Scene("packet"));
  WriteFileAtomically(folder / "surrogate.yaml", Scene("surrogate"));
  // The packet engine has noise: no interval begins at 1.
  const ProgramResult result = RunAirlock(Calibrate(
      folder / "packet.yaml", profile,
      {"--plans", "20", "--settle", "0.01", "--rank-limit", "1", "--json"}));
  ASSERT_EQ(result.exit_code, 1) << result.err;
  const json found = json::parse(result.out);
  EXPECT_EQ(found["plans"].size(), 20u);
  for (const json& plan : found["plans"]) {
    EXPECT_GT(plan["goodput"], 50e6);   // one access point at least
    EXPECT_LT(plan["goodput"], 200e6);  // 180 offered, queues may run empty
  }
  // 802.11ax on 20 MHz carries at most 114.7 Mbit/s beside preambles, guard
  // intervals of 3.2 us, Acks and backoff.
  EXPECT_GT(found["channel_rate"], 60e6);
  EXPECT_LT(found["channel_rate"], 120e6);
  EXPECT_FALSE(found["credible"]);

  const auto run = [&](const std::string& out,
                       const std::vector<std::string>& more) {
    std::vector<std::string> command = {"run", folder / "surrogate.yaml", "-o",
                                        folder / out};
    for (const std::string& setting : more) {
      command.insert(command.end(), {"--set", setting});
    }
    return RunAirlock(command);
  };
  const ProgramResult used = run("used", {"wlan.airtime.profile=" + profile});
  ASSERT_EQ(used.exit_code, 0) << used.err;
  EXPECT_THAT(used.err, HasSubstr("not credible for training"));
  const auto given = [&found](const char* key, const char* unit) {
    return fmt::format("{:.10g}{}", found[key].get<double>(), unit);
  };
  const ProgramResult by_hand = run(
      "by_hand",
      {"wlan.airtime.law=" + found["law"].get<std::string>(),
       "wlan.airtime.threshold=" + given("threshold_dbm", "dBm"),
       "wlan.airtime.softness_db=" + given("softness_db", ""),
       fmt::format("wlan.airtime.own_load={}", found["own_load"].get<bool>()),
       "wlan.airtime.channel_rate=" + given("channel_rate", "bps")});
  ASSERT_EQ(by_hand.exit_code, 0) << by_hand.err;
  ASSERT_EQ(run("defaults", {}).exit_code, 0);
  const auto differ = [&](const char* a, const char* b) {
    return RunAirlock({"diff", folder / a, folder / b}).exit_code;
  };
  EXPECT_EQ(differ("used", "by_hand"), 0);
  EXPECT_EQ(differ("used", "defaults"), 1);

  // Nothing is said of a credible one.
  std::string credible = ReadFile(profile);
  credible = Replaced(credible, "rank_limit: 1", "rank_limit: -1");
  credible = Replaced(credible, "credible: false", "credible: true");
  WriteFileAtomically(profile, credible);
  const ProgramResult quiet = run("quiet", {"wlan.airtime.profile=" + profile});
  EXPECT_EQ(quiet.exit_code, 0) << quiet.err;
  EXPECT_THAT(quiet.err, Not(HasSubstr("not credible")));
  EXPECT_EQ(differ("used", "quiet"), 0);
}

struct WrongCall {
  std::vector<std::string> more;
  int exit_code;
  const char* message;
};

TEST(SurrogateCalibrationTest, AWrongCallSaysWhatIsWrong) {
  const TemporaryFolder folder;
  const std::string scene = folder / "packet.yaml";
  WriteFileAtomically(scene, Scene("packet"));
  const std::vector<WrongCall> wrong = {
      {{"--plans", "19"}, 2, "--plans"},
      {{"--settle", "-1"}, 2, "--settle"},
      {{"--rank-limit", "2"}, 2, "--rank-limit"},
      {{"--trace", "t.h5"}, 2, "one of --trace and --against"},
      {{"--report", folder / "page.html"}, 2, "--report"},
      {{"--fit-share", "0.5"}, 2, "--fit-share"},
      {{"--w1-limit", "0.5"}, 2, "--w1-limit"},
      {{"--p99-limit", "0.5"}, 2, "--p99-limit"},
      {{"--coverage-low", "0.5"}, 2, "--coverage-low"},
      {{"--coverage-high", "0.95"}, 2, "--coverage-high"},
      {{"--settle", "0.04"}, 3, "leaves 0 of its samples of 10ms"},
      {{"--settle", "0.03"}, 3, "leaves 1 of its samples of 10ms"},
      {{"--settle", "0.021"}, 3, "at least 2 are needed"},
      {{"--settle", "1e300"}, 3, "leaves 0 of its samples of 10ms"},
      {{"--set", "wlan.region=mars"}, 3, "wlan.region"},
  };
  for (const WrongCall& call : wrong) {
    const ProgramResult result =
        RunAirlock(Calibrate(scene, folder / "p.yaml", call.more));
    EXPECT_EQ(result.exit_code, call.exit_code) << call.message << result.err;
    EXPECT_THAT(result.err, HasSubstr(call.message));
    EXPECT_EQ(result.out, "");
  }
  EXPECT_EQ(RunAirlock({"calibrate", scene, "--trace", "t.h5", "--plans", "30",
                        "-o", folder / "p.yaml"})
                .exit_code,
            2);
  const ProgramResult chain = RunAirlock(
      Calibrate("scenarios/datacentre/quickstart.yaml", folder / "p.yaml"));
  EXPECT_EQ(chain.exit_code, 3);
  EXPECT_THAT(chain.err, HasSubstr("needs a WLAN"));
  EXPECT_EQ(RunAirlock({"calibrate", scene, "--against", "surrogate", "-o",
                        folder / "p.yaml"})
                .exit_code,
            2);
  // What is there stays.
  WriteFileAtomically(folder / "there.yaml", "mine");
  EXPECT_EQ(RunAirlock(Calibrate(scene, folder / "there.yaml")).exit_code, 3);
  EXPECT_EQ(ReadFile(folder / "there.yaml"), "mine");
  EXPECT_EQ(folder.CountEntries(), 2);
}

}  // namespace
}  // namespace airlock::testing
