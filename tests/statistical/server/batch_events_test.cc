#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/server_events.h"

namespace airlock {
namespace {

using testing::EventResult;
using testing::EventServers;
using testing::RunEvents;

double Error(double value, double reference) {
  return std::abs(value / reference - 1);
}

// Bounds are 1.3 to 5 times the largest errors that the README has of
// tests/benchmarks/server_events.cc, which runs longer.
TEST(BatchEventsTest, AgreeWithAnEventForEachPacket) {
  for (const bool shared : {false, true}) {
    for (const int64_t bytes : {64, 1500}) {
      for (const double load : {0.3, 0.7, 0.9, 1.2}) {
        const ServersConfig servers = EventServers(bytes, load, shared);
        const SimTime duration = Milliseconds(bytes == 64 ? 20 : 100);
        const EventResult batch = RunEvents(servers, "batch", duration);
        const EventResult packet = RunEvents(servers, "packet", duration);
        const std::string what = std::to_string(bytes) + " bytes, load " +
                                 std::to_string(load) +
                                 (shared ? ", two chains" : ", one chain");
        EXPECT_LT(Error(batch.delivered, packet.delivered), 0.002) << what;
        EXPECT_NEAR(batch.loss_ratio, packet.loss_ratio, 0.002) << what;
        EXPECT_LT(Error(batch.p50, packet.p50), shared ? 0.1 : 0.03) << what;
        EXPECT_LT(Error(batch.p99, packet.p99), shared ? 0.16 : 0.06) << what;
        EXPECT_LT(batch.events_per_packet,
                  (shared ? 0.8 : 0.1) * packet.events_per_packet)
            << what;
      }
    }
  }
}

}  // namespace
}  // namespace airlock
