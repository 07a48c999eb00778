#include "sim/surrogate/chain_workload.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/error.h"

namespace airlock {
namespace {

ChainWorkload Workload(const std::string& kind) {
  ChainWorkload workload;
  workload.packet_sizes = {{DataSize(100), Ratio(0.5)},
                           {DataSize(1000), Ratio(0.5)}};
  workload.load.kind = kind;
  workload.load.rate = Mbps(10);
  workload.load.peak = Mbps(30);
  workload.load.period = Milliseconds(100);
  return workload;
}

double RateAt(const std::string& kind, double seconds) {
  ChainCourse course(Workload(kind), nullptr, RngTree(1), Replication(0));
  return course.LoadAt(FromSeconds(seconds).value()).bits_per_second / 1e6;
}

TEST(ChainCourse, Profiles) {
  EXPECT_EQ(RateAt("constant", 5), 10);
  EXPECT_EQ(RateAt("steps", 0.05), 10);
  EXPECT_EQ(RateAt("steps", 0.15), 30);
  EXPECT_EQ(RateAt("steps", 0.25), 10);
  EXPECT_NEAR(RateAt("ramp", 0.05), 20, 0.4);
  EXPECT_NEAR(RateAt("ramp", 0.1), 30, 0.4);
  EXPECT_NEAR(RateAt("ramp", 0.15), 20, 0.4);
  EXPECT_EQ(RateAt("flash-crowd", 0.09), 10);
  EXPECT_NEAR(RateAt("flash-crowd", 0.11), 30, 1.7);
  EXPECT_NEAR(RateAt("flash-crowd", 0.135), 10 + 20 * std::exp(-1), 0.7);
}

TEST(ChainCourse, WalkStaysBetweenRateAndPeak) {
  ChainCourse course(Workload("random-walk"), nullptr, RngTree(1),
                     Replication(0));
  double low = 1e18;
  double high = 0;
  for (size_t i = 0; i < 2000; ++i) {
    const double rate = course.Load(i)->bits_per_second;
    low = std::min(low, rate);
    high = std::max(high, rate);
  }
  EXPECT_GE(low, 10e6);
  EXPECT_LE(high, 30e6);
  EXPECT_LT(low, 11e6);
  EXPECT_GT(high, 29e6);
}

// Days from random hours are a cosine in the mean: a day from any hour has the
// mean of the two, and deviations average out.
TEST(ChainCourse, ADayIsACosineFromARandomHour) {
  double mean = 0, first = 0, squares = 0;
  constexpr int kDays = 400;
  for (int day = 0; day < kDays; ++day) {
    ChainCourse course(Workload("diurnal"), nullptr, RngTree(1),
                       Replication(day));
    double low = 1e18, high = 0;
    for (size_t i = 0; i < 64; ++i) {
      const double rate = course.Load(i)->bits_per_second;
      EXPECT_GE(rate, 10e6);
      EXPECT_LE(rate, 30e6);
      low = std::min(low, rate);
      high = std::max(high, rate);
      mean += rate / 64 / kDays;
    }
    EXPECT_LT(low, 12.5e6);
    EXPECT_GT(high, 27.5e6);
    const double start = (course.Load(0)->bits_per_second - 20e6) / 10e6;
    first += start / kDays;
    squares += start * start / kDays;
  }
  EXPECT_NEAR(mean, 20e6, 0.2e6);
  EXPECT_NEAR(first, 0, 0.12);      // of a cosine at a uniform phase
  EXPECT_NEAR(squares, 0.5, 0.08);  // its mean square
}

TEST(ChainCourse, UnknownKindNamesTheKnown) {
  try {
    ChainCourse course(Workload("sawtooth"), nullptr, RngTree(1),
                       Replication(0));
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "chain load: unknown kind 'sawtooth'; known: constant, steps, "
                 "ramp, random-walk, diurnal, flash-crowd, trace");
  }
}

TEST(TiltShares, KeepsTheMixAndMeetsTheMean) {
  const std::vector<int64_t> sizes = {100, 500, 1000};
  const std::vector<double> shares = {0.2, 0.3, 0.5};
  const auto mean = [&](const std::vector<double>& p) {
    return p[0] * 100 + p[1] * 500 + p[2] * 1000;
  };
  const std::vector<double> same = TiltShares(sizes, shares, mean(shares));
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(same[i], shares[i], 1e-6);
  for (const double want : {150.0, 400.0, 950.0}) {
    EXPECT_NEAR(mean(TiltShares(sizes, shares, want)), want, 1e-3);
  }
  EXPECT_NEAR(mean(TiltShares(sizes, shares, 5000)), 1000, 0.1);
}

TEST(PacketSource, PeriodicAndBursts) {
  ChainWorkload workload = Workload("constant");
  workload.packet_sizes = {{DataSize(1000), Ratio(1)}};
  workload.load.rate = Mbps(8);  // one packet a millisecond
  workload.arrivals = "periodic";
  ChainCourse course(workload, nullptr, RngTree(1), Replication(0));
  PacketSource periodic(workload, &course, RngTree(1), Replication(0));
  for (int i = 1; i <= 5; ++i) {
    EXPECT_NEAR(static_cast<double>(periodic.next_ns()), 1e6 * i, 2);
    EXPECT_EQ(periodic.Take().bytes, 1000);
  }
  workload.arrivals = "bursts";
  workload.burst_interval = Microseconds(3500);
  ChainCourse again(workload, nullptr, RngTree(1), Replication(0));
  PacketSource bursts(workload, &again, RngTree(1), Replication(0));
  int in_first = 0;
  while (bursts.next_ns() == 3500000) {
    bursts.Take();
    ++in_first;
  }
  EXPECT_EQ(in_first, 3);
  EXPECT_EQ(bursts.next_ns(), 7000000);
}

Trace MeasuredLoad() {
  Trace trace;
  trace.time_seconds = {0.1, 0.2, 0.3};
  Column rate;
  rate.name = "offered_rate";
  rate.values = {8e6, 0, 4e6};
  Column size;
  size.name = "packet_size";
  size.values = {500, std::nan(""), 250};
  Column cpu;
  cpu.name = "contention_cpu";
  cpu.values = {0, 2, 0};
  trace.columns = {rate, size, cpu};
  return trace;
}

// Each sample sends the trace's packets: 200, 0, 200, sizes to their mean.
TEST(PacketSource, FollowsATrace) {
  const Trace trace = MeasuredLoad();
  const ChainWorkload workload = Workload("trace");
  ChainCourse course(workload, &trace, RngTree(1), Replication(0));
  PacketSource source(workload, &course, RngTree(1), Replication(0));
  int count[3] = {0, 0, 0};
  double bytes[3] = {0, 0, 0};
  int64_t last = 0;
  while (source.next_ns() != kNever) {
    ASSERT_GE(source.next_ns(), last);
    last = source.next_ns();
    const int sample = static_cast<int>(last / 100000000);
    ASSERT_LT(sample, 3);
    ++count[sample];
    bytes[sample] += static_cast<double>(source.Take().bytes);
  }
  EXPECT_EQ(count[0], 200);
  EXPECT_EQ(count[1], 0);
  EXPECT_EQ(count[2], 200);
  EXPECT_NEAR(bytes[0] / 200, 500, 5);
  EXPECT_NEAR(bytes[2] / 200, 250, 5);
  EXPECT_EQ(course.ContentionAt(150000000).cpu, 2);
  EXPECT_EQ(course.ContentionAt(250000000).cpu, 0);
}

TEST(PacketSource, NegativeLoadIsAnError) {
  Trace trace = MeasuredLoad();
  trace.columns[0].values[2] = -1;
  EXPECT_THROW(
      ChainCourse(Workload("trace"), &trace, RngTree(1), Replication(0)),
      InputError);
}

}  // namespace
}  // namespace airlock
