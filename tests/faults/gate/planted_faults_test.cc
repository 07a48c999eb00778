#include "tests/faults/gate/planted_faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/base/digest.h"
#include "twin/gate/replay.h"
#include "twin/registry/registry.h"

// Candidates with planted faults: none may be promoted, and the gate has to
// say what is wrong with it; the good ones beside them are not rejected. The
// gate files ask for next to nothing, so that what rejects is mostly what a
// gate asks anyway.
namespace airlock::testing {
namespace {

using ::testing::HasSubstr;

PlantedWorld& World() {
  static PlantedWorld world(1);
  return world;
}

// The criteria that reject, with the first one's reason.
std::vector<std::string> Rejecting(const GateVerdict& verdict,
                                   std::string* reason) {
  std::vector<std::string> kinds;
  for (const CriterionResult& result : verdict.criteria) {
    if (result.outcome != Outcome::kReject) continue;
    if (kinds.empty()) *reason = result.reason;
    kinds.push_back(result.kind);
  }
  return kinds;
}

void Show(const std::string& name, const GateVerdict& verdict) {
  std::string reason;
  const auto kinds = Rejecting(verdict, &reason);
  fmt::print("{:24} {:12} {:40} {}\n", name, ToString(verdict.verdict),
             fmt::format("{}", fmt::join(kinds, " ")), reason);
}

class BadForecastTest : public ::testing::TestWithParam<size_t> {};

TEST_P(BadForecastTest, IsNotPromoted) {
  const Planted planted = BadForecasts(World().folder().path())[GetParam()];
  const GateVerdict verdict = World().Judge(planted);
  Show(planted.name, verdict);
  EXPECT_NE(verdict.verdict, Outcome::kPromote) << verdict.ToText();
  std::string reason;
  bool caught = false;
  for (const std::string& kind : Rejecting(verdict, &reason)) {
    caught = caught || std::count(planted.caught_by.begin(),
                                  planted.caught_by.end(), kind) > 0;
  }
  EXPECT_TRUE(caught) << planted.name << "\n" << verdict.ToText();
}

std::string NameOf(const std::vector<Planted>& table, size_t index) {
  std::string name;
  for (const char c : table[index].name) {
    if (std::isalnum(static_cast<unsigned char>(c))) name += c;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Faults, BadForecastTest,
                         ::testing::Range<size_t>(0, BadForecasts("").size()),
                         [](const auto& info) {
                           return NameOf(BadForecasts(""), info.param);
                         });

class GoodForecastTest : public ::testing::TestWithParam<size_t> {};

TEST_P(GoodForecastTest, IsPromoted) {
  const Planted planted = GoodForecasts(World().folder().path())[GetParam()];
  const GateVerdict verdict = World().Judge(planted);
  Show(planted.name, verdict);
  EXPECT_EQ(verdict.verdict, Outcome::kPromote) << verdict.ToText();
}

INSTANTIATE_TEST_SUITE_P(Good, GoodForecastTest,
                         ::testing::Range<size_t>(0, GoodForecasts("").size()),
                         [](const auto& info) {
                           return NameOf(GoodForecasts(""), info.param);
                         });

}  // namespace
}  // namespace airlock::testing
