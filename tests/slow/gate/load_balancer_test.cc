#include <gtest/gtest.h>

#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

// The packet engine judges the shipped load balancer, which learnt on the fast
// one: some three minutes of processor time.
namespace airlock::testing {
namespace {

TEST(LoadBalancerPacketGateTest, IsPromotedPacketByPacket) {
  const TemporaryFolder folder;
  const ProgramResult run =
      RunAirlock({"gate", "scenarios/gates/load-balancer-packets.yaml", "-o",
                  folder / "out"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
}

}  // namespace
}  // namespace airlock::testing
