#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>

#include "tests/support/drift_delays.h"

namespace airlock {
namespace {

using testing::DelayPlan;
using testing::Delays;
using testing::MeasureDelays;

std::map<std::string, Delays> DelaysOf(const std::string& detector,
                                       bool classic) {
  DriftOptions options;
  options.detector = detector;
  options.ert = 1000;
  options.replications = 200;
  options.classic = classic;
  const auto delays = MeasureDelays(options, DelayPlan());
  for (const auto& [change, each] : delays) {
    std::printf("%-16s %-8s %-7s median delay %4.0f, within 300: %5.1f %%\n",
                detector.c_str(), classic ? "classic" : "ERT", change.c_str(),
                each.MedianSamples(), 100 * each.ShareWithin(300));
  }
  return delays;
}

// With an expected run length of 1000 samples all, and with the parameters that
// ADWIN and Page-Hinkley were published with.
TEST(WideDelay, NoWorseThanAdwinAndPageHinkley) {
  const auto bank = DelaysOf("rank-bank", false);
  for (const char* other : {"adwin", "page-hinkley"}) {
    for (const bool classic : {false, true}) {
      const auto delays = DelaysOf(other, classic);
      for (const char* change : {"+.5 sd", "+1 sd"}) {
        EXPECT_LE(bank.at(change).MedianSamples(),
                  delays.at(change).MedianSamples())
            << change << " against " << other << (classic ? ", classic" : "");
      }
    }
  }
  EXPECT_GE(bank.at("sd x2").ShareWithin(300), 0.95);
  EXPECT_GE(bank.at("+1 sd").ShareWithin(300), 0.95);
}

// A window of 100 has to fill with what is new.
TEST(Delay, OfJensenShannonIsAWindowAtMost) {
  const auto delays = DelaysOf("jensen-shannon", false);
  EXPECT_LE(delays.at("+1 sd").MedianSamples(), 70);
  EXPECT_LE(delays.at("sd x2").MedianSamples(), 90);
  EXPECT_GE(delays.at("+1 sd").ShareWithin(300), 0.95);
  EXPECT_GE(delays.at("sd x2").ShareWithin(300), 0.95);
}

}  // namespace
}  // namespace airlock
