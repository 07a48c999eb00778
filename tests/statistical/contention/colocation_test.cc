#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/base/file.h"
#include "sim/scenario/resolve.h"
#include "twin/contention/colocation_study.h"

// Co-locations of the scenario that `airlock contention` is shown with.
namespace airlock {
namespace {

using testing::HasSubstr;

std::string ShippedText() {
  return ReadFile(std::string(AIRLOCK_SOURCE_DIR) +
                  "/scenarios/datacentre/contention.yaml");
}

std::optional<ColocationBench> Bench(const std::string& text,
                                     Diagnostics* diagnostics) {
  const auto scenario = ResolveText(text, "contention.yaml", diagnostics);
  if (!scenario) return std::nullopt;
  return ColocationBench::Make(*scenario, diagnostics);
}

ColocationBench ShippedBench() {
  Diagnostics diagnostics;
  const auto bench = Bench(ShippedText(), &diagnostics);
  EXPECT_TRUE(bench) << diagnostics.Format();
  return *bench;
}

TEST(Colocation, CompetitorsCostTheTargetPackets) {
  const ColocationBench bench = ShippedBench();
  const Workload monitor = {3, {64, 100000}};
  const double rate = bench.SaturatingRate(monitor);
  const double alone =
      bench.Run({monitor, {}, {}}, {rate}).target_packets_per_second;
  const double beside_one = bench.Run({monitor, {monitor}, {}}, {rate, rate})
                                .target_packets_per_second;
  const double beside_four =
      bench
          .Run({monitor, {monitor, monitor, monitor, monitor}, {}},
               {rate, rate, rate, rate, rate})
          .target_packets_per_second;
  EXPECT_LT(beside_one, 0.99 * alone);
  EXPECT_LT(beside_four, 0.97 * beside_one);
}

TEST(ColocationStudy, IsTheSameForAnyNumberOfJobs) {
  const ColocationBench bench = ShippedBench();
  ColocationOptions options;
  options.packet_bytes = {1500};
  options.flows = {1000};
  options.most_competitors = 2;
  options.synthetic = 10;
  options.mixes = 24;
  options.jobs = 1;
  const ColocationStudy one = StudyColocations(bench, options);
  options.jobs = 3;
  const ColocationStudy three = StudyColocations(bench, options);
  ASSERT_EQ(one.mixes.size(), three.mixes.size());
  for (size_t i = 0; i < one.mixes.size(); ++i) {
    EXPECT_EQ(one.mixes[i].measured, three.mixes[i].measured);
    EXPECT_EQ(one.mixes[i].predicted, three.mixes[i].predicted);
  }
}

TEST(ColocationBench, SaysWhatItCannotMix) {
  std::string text = ShippedText();
  const std::string chain = "{name: nat, path: [nat], load: {rate: 200Gbps}}";
  const size_t at = text.find(chain);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, chain.size(),
               "{name: nat, path: [nat, vpn], load: {kind: ramp}}");
  Diagnostics diagnostics;
  EXPECT_FALSE(Bench(text, &diagnostics));
  EXPECT_THAT(diagnostics.Format(),
              AllOf(HasSubstr("contention.yaml:"),
                    HasSubstr("chain 'nat' is no path of one function"),
                    HasSubstr("chain 'nat' has a load of kind ramp")));
}

}  // namespace
}  // namespace airlock
