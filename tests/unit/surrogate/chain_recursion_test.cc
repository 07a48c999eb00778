#include "sim/surrogate/chain_recursion.h"

#include <gtest/gtest.h>

#include <cmath>

namespace airlock {
namespace {

ChainFunction Constant(int64_t service_ns) {
  ChainFunction function;
  function.name = "f";
  function.service.distribution = "constant";
  function.service.per_packet_ns = static_cast<double>(service_ns);
  return function;
}

// When packets that arrive at `arrivals` leave the function; the lost ones are
// missing.
std::vector<int64_t> Departures(const ChainFunction& function,
                                const std::vector<int64_t>& arrivals) {
  ChainConfig chain;
  chain.functions = {function};
  ChainMonitor monitor(chain);
  const std::vector<ContentionStep> course = {{0, Contention{}}};
  StationRecursion station(function, &course, RngTree(1), Replication(0),
                           &monitor);
  std::vector<ChainPacket> in;
  for (const int64_t at : arrivals) in.push_back({at, at, 1000});
  std::vector<ChainPacket> out;
  station.Advance(in, 1000000000, &out);
  std::vector<int64_t> times;
  for (const ChainPacket& packet : out) times.push_back(packet.arrival_ns);
  return times;
}

using Times = std::vector<int64_t>;

TEST(StationRecursion, OneAtATime) {
  EXPECT_EQ(Departures(Constant(100), {0, 10, 500}), (Times{100, 200, 600}));
}

TEST(StationRecursion, FullRingLosesTheNewest) {
  ChainFunction function = Constant(100);
  function.ring = 2;
  // At 10 one is in service, at 30 two wait.
  EXPECT_EQ(Departures(function, {0, 10, 20, 30, 110}),
            (Times{100, 200, 300, 400}));
}

// An arrival at the instant of a decision comes before it: the ring is still
// full.
TEST(StationRecursion, ArrivalsBeforeDecisions) {
  ChainFunction function = Constant(100);
  function.ring = 1;
  EXPECT_EQ(Departures(function, {0, 10, 100}), (Times{100, 200}));
  EXPECT_EQ(Departures(function, {0, 10, 101}), (Times{100, 200, 300}));
}

TEST(StationRecursion, BatchLeavesTogether) {
  ChainFunction function = Constant(100);
  function.batch = 3;
  // 0 alone; then 10, 20, 30 as a batch of 300 ns; then 40 alone.
  EXPECT_EQ(Departures(function, {0, 10, 20, 30, 40}),
            (Times{100, 400, 400, 400, 500}));
  // All packets of one instant are seen by the decision at that instant.
  EXPECT_EQ(Departures(function, {7, 7, 7, 7}), (Times{307, 307, 307, 407}));
}

TEST(StationRecursion, QuotaStopsUntilThePeriodEnds) {
  ChainFunction function = Constant(100);
  function.quota = Nanoseconds(150);
  function.quota_period = Nanoseconds(1000);
  // 150 ns of work by 150; then 1000..1050 for the second packet and all that
  // is left of that period's quota for the third.
  EXPECT_EQ(Departures(function, {0, 10, 20}), (Times{100, 1050, 1150}));
  function.quota_offset = Nanoseconds(-400);
  EXPECT_EQ(Departures(function, {0, 10, 20}), (Times{100, 650, 750}));
}

TEST(StationRecursion, WorkPausesInAStall) {
  ChainFunction function = Constant(1000000);
  function.stall_interval = Microseconds(200);
  function.stall_duration = Microseconds(200);
  const Times times = Departures(function, {0});
  ASSERT_EQ(times.size(), 1u);
  EXPECT_GT(times[0], 1000000);
}

TEST(LinkRecursion, QueueTransmitterAndPropagation) {
  ChainConfig chain;
  ChainMonitor monitor(chain);
  LinkRecursion link({Mbps(8), Nanoseconds(50), 1, 0}, &monitor);
  // 1 us a byte. The third packet finds one waiting, and is lost.
  std::vector<ChainPacket> out;
  link.Advance({{0, 0, 100}, {10, 10, 100}, {20, 20, 100}, {100000, 0, 100}},
               1000000, &out);
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[0].arrival_ns, 100050);
  EXPECT_EQ(out[1].arrival_ns, 200050);
  EXPECT_EQ(out[2].arrival_ns, 300050);
}

TEST(QuantilesInPlace, Type7) {
  std::vector<float> values = {4, 1, 3, 2};
  const std::vector<double> q = QuantilesInPlace(&values, {0, 0.5, 0.95, 1});
  EXPECT_EQ(q[0], 1);
  EXPECT_EQ(q[1], 2.5);
  EXPECT_NEAR(q[2], 3.85, 1e-6);
  EXPECT_EQ(q[3], 4);
  std::vector<float> none;
  EXPECT_TRUE(std::isnan(QuantilesInPlace(&none, {0.5})[0]));
}

// Counters of a window: a decision in the middle splits busy time and waiting.
TEST(StationCounters, SplitsAtTheInstant) {
  StationCounters counters;
  counters.Join(0);
  counters.Take(100, 1);
  counters.Join(150);
  const StationTotals middle = counters.At(200);
  EXPECT_EQ(middle.busy_ns, 100);
  EXPECT_EQ(middle.waiting_ns, 150);
  counters.Complete(300, 1);
  const StationTotals end = counters.At(400);
  EXPECT_EQ(end.busy_ns, 200);
  EXPECT_EQ(end.waiting_ns, 350);
  EXPECT_EQ(end.served, 1);
}

}  // namespace
}  // namespace airlock
