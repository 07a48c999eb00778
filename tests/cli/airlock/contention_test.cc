#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/run_program.h"

namespace airlock::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Scenario(const std::string& name) {
  return std::string(AIRLOCK_SOURCE_DIR) + "/scenarios/datacentre/" + name;
}

TEST(ContentionTest, AScenarioThatCannotBeMixedSaysWhereAndWhy) {
  const TemporaryFolder folder;
  const std::string out = folder.path() + "/out";
  const ProgramResult result =
      RunAirlock({"contention", Scenario("servers.yaml"), "-o", out});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, AllOf(HasSubstr("servers.yaml:"),
                                HasSubstr("one chain; a study of co-locations "
                                          "takes two or more"),
                                HasSubstr("chain 'sfc' is no path of one "
                                          "function")));
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(ContentionTest, AFrameThatIsNoneIsAWrongCommandLine) {
  const TemporaryFolder folder;
  const ProgramResult result =
      RunAirlock({"contention", Scenario("contention.yaml"), "-o",
                  folder.path() + "/out", "--packet-sizes", "64,1500B"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err,
              HasSubstr("'64' is not a data size from 60B to 9018B"));
}

// What a chain's agent saw, with these packet sizes.
std::string Observed(const TemporaryFolder& folder, const std::string& name,
                     const std::string& sizes, const std::string& seed,
                     const std::string& duration) {
  const std::string out = folder.path() + "/" + name;
  const ProgramResult result = RunAirlock(
      {"run", Scenario("servers.yaml"), "-o", out, "--replications", "1",
       "--seed", seed, "--observations", "--set", "run.duration=" + duration,
       "--set", "controller.interval=20ms", "--set",
       "datacentre.servers.chains=[{name: sfc, path: [firewall, nf_router, "
       "ndpi_stats, payload_scan, bridge], load: {rate: 300Mbps}, flows: 2000, "
       "packet_sizes: [" +
           sizes + "]}]"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return out + "/observations-0.h5";
}

// Sensitivities are learnt with the packets of a mix; another mix of the same
// rate has to be told, not extrapolated to.
TEST(ContentionTest, AChangedMixOfPacketSizesRaisesTheTrigger) {
  const TemporaryFolder folder;
  const std::string mix = "{size: 64B, share: 60%}, {size: 1500B, share: 40%}";
  const std::string other =
      "{size: 64B, share: 50%}, {size: 1500B, share: 50%}";
  const std::string trigger = folder.path() + "/mix.trigger";
  const ProgramResult calibrated = RunAirlock(
      {"drift", "calibrate", Observed(folder, "reference", mix, "1", "12s"),
       "--features", "input:packet_size", "--load", "offered_packet_rate",
       "--treatment", "raw", "--run-length", "1000", "-o", trigger});
  ASSERT_EQ(calibrated.exit_code, 0) << calibrated.err;
  EXPECT_EQ(RunAirlock({"drift", "watch", trigger,
                        Observed(folder, "same", mix, "2", "3s")})
                .exit_code,
            0);
  const ProgramResult watched = RunAirlock(
      {"drift", "watch", trigger, Observed(folder, "other", other, "2", "3s")});
  EXPECT_EQ(watched.exit_code, 1);
  EXPECT_THAT(watched.out, HasSubstr("in packet_size"));
}

}  // namespace
}  // namespace airlock::testing
