#include "sim/server/steady_state.h"

#include <gtest/gtest.h>

#include "tests/unit/server/servers_support.h"

namespace airlock {
namespace {

// Few packets, each with a time of its own that varies up to ten times its
// mean: a latency of shape 0.01.
TEST(SteadyModelTest, LatencyOfVeryUnevenServiceIsNotNegative) {
  for (const double cv : {0.0, 1.0, 5.0, 10.0}) {
    ServersConfig servers;
    servers.machines = {PlainMachine()};
    servers.functions = {PlainFunction("f", 1000)};
    servers.functions[0].cv = cv;
    servers.chains = {PlainChain("c", {"f"}, 100)};
    const SteadyState state =
        SteadyModel(servers).Solve(PlacePrograms(servers), {100});
    EXPECT_GT(state.functions[0].seconds_per_packet, 0) << cv;
    EXPECT_GE(state.chains[0].latency_p99_seconds,
              state.functions[0].seconds_per_packet)
        << cv;
  }
}

}  // namespace
}  // namespace airlock
