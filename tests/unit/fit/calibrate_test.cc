#include "calibration/fit/calibrate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "sim/base/error.h"
#include "sim/surrogate/chain_recursion.h"

namespace airlock {
namespace {

constexpr int64_t kSampleNs = 100000000;
constexpr int64_t kSamples = 400;

ChainFunction Function(const std::string& name, double per_packet_ns) {
  ChainFunction function;
  function.name = name;
  function.service.distribution = "constant";
  function.service.per_packet_ns = per_packet_ns;
  return function;
}

// A bridge that hardly matters and an inspector that saturates.
ChainConfig Truth() {
  ChainConfig chain;
  chain.functions = {Function("bridge", 10000), Function("inspect", 60000)};
  ChainFunction& inspect = chain.functions[1];
  inspect.service.distribution = "gamma";
  inspect.service.per_byte_ns = 150;
  inspect.service.cv = 0.8;
  inspect.ring = 100;
  inspect.wakeup = Microseconds(60);
  chain.workload.packet_sizes = {{DataSize(128), Ratio(0.5)},
                                 {DataSize(1024), Ratio(0.5)}};
  return chain;
}

// What a calibration starts from: every fitted parameter is off.
ChainConfig Guess() {
  ChainConfig chain = Truth();
  ServiceTime& service = chain.functions[1].service;
  service.per_packet_ns *= 1.6;
  service.per_byte_ns *= 0.6;
  service.cv = 0.5;
  chain.functions[1].ring = 180;
  chain.functions[1].wakeup = Microseconds(100);
  chain.functions[0].service.per_packet_ns *= 1.5;
  return chain;
}

// Rates and mean sizes that wander, 0.2 to 1.2 of the inspector's capacity.
Trace Load(uint64_t seed) {
  RngStream stream = RngTree(seed).Stream("load", Replication(0));
  Trace trace;
  Column rate;
  rate.name = "offered_rate";
  Column size;
  size.name = "packet_size";
  double load = 0.7;
  double bytes = 576;
  for (int64_t i = 1; i <= kSamples; ++i) {
    load = std::clamp(load + stream.Normal(0, 0.12), 0.2, 1.2);
    bytes = std::clamp(bytes + stream.Normal(0, 60), 200.0, 950.0);
    trace.time_seconds.push_back(static_cast<double>(i * kSampleNs) * 1e-9);
    rate.values.push_back(load * 8 * bytes / (60e-6 + 150e-9 * bytes));
    size.values.push_back(bytes);
  }
  trace.columns = {rate, size};
  return trace;
}

// What a chain measures under that load.
Trace Measure(ChainConfig chain, uint64_t seed) {
  const Trace load = Load(seed);
  chain.workload.load.kind = "trace";
  const RngTree tree(seed);
  ChainCourse course(chain.workload, &load, tree, Replication(0));
  ChainMonitor monitor(chain);
  ChainRecursion recursion(chain, {}, &course, tree, Replication(0), &monitor);
  Trace trace;
  trace.source = "simulation/surrogate";
  monitor.Declare(&trace.columns);
  for (int64_t i = 1; i <= kSamples; ++i) {
    recursion.AdvanceTo(i * kSampleNs);
    std::vector<double> row;
    monitor.Sample(0, i * kSampleNs, recursion.Totals(), &course, &row);
    trace.time_seconds.push_back(static_cast<double>(i * kSampleNs) * 1e-9);
    for (size_t k = 0; k < row.size(); ++k) {
      trace.columns[k].values.push_back(row[k]);
    }
  }
  // The bridge has no counters of its own.
  trace.columns.erase(std::remove_if(trace.columns.begin(), trace.columns.end(),
                                     [](const Column& column) {
                                       return column.scope_id == "bridge";
                                     }),
                      trace.columns.end());
  return trace;
}

CalibrationOptions Quick() {
  CalibrationOptions options;
  options.fit_samples = 96;
  options.posterior_draws = 4;
  // 160 held-out samples: three standard deviations of a coverage of 90 %.
  options.limits.coverage_low = 0.83;
  options.limits.coverage_high = 0.97;
  return options;
}

const FittedParameter* Find(const CalibrationProfile& profile,
                            const std::string& function,
                            const std::string& key) {
  for (const auto& parameter : profile.parameters) {
    if (parameter.function == function && parameter.key == key) {
      return &parameter;
    }
  }
  return nullptr;
}

std::string Text(const CalibrationProfile& profile) {
  std::string text;
  for (const auto& p : profile.parameters) {
    text += fmt::format("{} {} {:.17g} {:.17g} {:.17g} {}\n", p.function, p.key,
                        p.value, p.low, p.high, p.origin);
  }
  return text;
}

class CalibrateTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    trace_ = new Trace(Measure(Truth(), 5));
    result_ = new CalibrationResult(
        CalibrateChain(Guess(), *trace_, Quick(), [](int64_t done, int64_t n) {
          EXPECT_LE(last_, done);
          EXPECT_LE(done, n);
          last_ = done;
          finished_ = done == n;
        }));
  }
  static void TearDownTestSuite() {
    delete trace_;
    delete result_;
  }

  static Trace* trace_;
  static CalibrationResult* result_;
  static int64_t last_;
  static bool finished_;
};

Trace* CalibrateTest::trace_ = nullptr;
CalibrationResult* CalibrateTest::result_ = nullptr;
int64_t CalibrateTest::last_ = 0;
bool CalibrateTest::finished_ = false;

// A short trace tells the ring and the service time of a packet of the mean
// size; how that divides into a part per packet and one per byte it tells less
// well.
TEST_F(CalibrateTest, FindsTheTruth) {
  const FittedParameter* ring = Find(result_->profile, "inspect", "ring");
  ASSERT_NE(ring, nullptr);
  EXPECT_EQ(ring->origin, "fitted");
  EXPECT_NEAR(ring->value, 100, 10);
  // The interval, doubled, holds the truth.
  EXPECT_LT(ring->low - (ring->high - ring->low) / 2, 100);
  EXPECT_GT(ring->high + (ring->high - ring->low) / 2, 100);
  const FittedParameter* packet =
      Find(result_->profile, "inspect", "service.per_packet");
  const FittedParameter* byte =
      Find(result_->profile, "inspect", "service.per_byte");
  ASSERT_NE(packet, nullptr);
  ASSERT_NE(byte, nullptr);
  EXPECT_LT(packet->low, packet->value);
  const double truth = 60000 + 150 * 576;
  EXPECT_NEAR(packet->value + 576 * byte->value, truth, 0.04 * truth);
}

TEST_F(CalibrateTest, RightModelIsCredible) {
  ASSERT_EQ(result_->profile.kpis.size(), 5u);
  for (const KpiFidelity& kpi : result_->profile.kpis) {
    EXPECT_TRUE(kpi.credible) << kpi.kpi << ": " << kpi.reason;
    EXPECT_EQ(kpi.samples, 160) << kpi.kpi;
  }
  EXPECT_EQ(result_->profile.fit_samples, 240);
  EXPECT_EQ(result_->profile.held_out_samples, 160);
  EXPECT_EQ(result_->profile.trace_digest, trace_->Digest());
}

TEST_F(CalibrateTest, SaysWhatTheTraceDoesNotTell) {
  const FittedParameter* slope =
      Find(result_->profile, "inspect", "contention_slope.cpu");
  ASSERT_NE(slope, nullptr);
  EXPECT_EQ(slope->origin, "fixed");
  EXPECT_NE(slope->note.find("does not vary"), std::string::npos);
  const FittedParameter* ring = Find(result_->profile, "bridge", "ring");
  ASSERT_NE(ring, nullptr);
  EXPECT_EQ(ring->origin, "fixed");
  EXPECT_EQ(Find(result_->profile, "bridge", "service.per_packet")->origin,
            "shared");
}

TEST_F(CalibrateTest, ReportsProgressToTheEnd) { EXPECT_TRUE(finished_); }

TEST_F(CalibrateTest, SameAgain) {
  const CalibrationResult again =
      CalibrateChain(Guess(), *trace_, Quick(), nullptr);
  EXPECT_EQ(Text(again.profile), Text(result_->profile));
  for (size_t i = 0; i < again.held_out.size(); ++i) {
    EXPECT_EQ(again.held_out[i].predicted, result_->held_out[i].predicted);
    EXPECT_EQ(again.held_out[i].low, result_->held_out[i].low);
  }
}

// The held-out part is never read by the fit.
TEST_F(CalibrateTest, HeldOutPartDoesNotMoveTheParameters) {
  Trace changed = *trace_;
  for (Column& column : changed.columns) {
    for (size_t i = 240; i < column.values.size(); ++i) {
      column.values[i] = 0.5 * column.values[i] + 0.01;
    }
  }
  const CalibrationResult again =
      CalibrateChain(Guess(), changed, Quick(), nullptr);
  EXPECT_EQ(Text(again.profile), Text(result_->profile));
  EXPECT_FALSE(again.profile.kpis[0].credible);
}

// The measured chain stalls; the fitted one cannot.
TEST(CalibrateWrongModel, IsNotCredible) {
  ChainConfig truth = Truth();
  truth.functions[1].stall_interval = Milliseconds(900);
  truth.functions[1].stall_duration = Milliseconds(60);
  const CalibrationResult result =
      CalibrateChain(Guess(), Measure(truth, 6), Quick(), nullptr);
  const KpiFidelity* p99 = nullptr;
  for (const KpiFidelity& kpi : result.profile.kpis) {
    if (kpi.kpi == "latency_p99") p99 = &kpi;
  }
  ASSERT_NE(p99, nullptr);
  EXPECT_FALSE(p99->credible);
  EXPECT_FALSE(p99->reason.empty());
}

TEST(CalibrateInput, RefusesWhatItCannotUse) {
  const Trace trace = Measure(Truth(), 7);
  EXPECT_THROW(CalibrateChain(Guess(), trace.Slice(0, 50), Quick(), nullptr),
               InputError);
  Trace no_load = trace;
  no_load.columns.erase(no_load.columns.begin() + 6);
  EXPECT_THROW(CalibrateChain(Guess(), no_load, Quick(), nullptr), InputError);
  CalibrationOptions unknown = Quick();
  unknown.kpis = {"no_such_kpi"};
  EXPECT_THROW(CalibrateChain(Guess(), trace, unknown, nullptr), InputError);
}

}  // namespace
}  // namespace airlock
