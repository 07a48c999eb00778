#include "calibration/settings/credibility.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace airlock {
namespace {

KpiFidelity Kpi(const char* name, bool credible, double coverage) {
  KpiFidelity kpi;
  kpi.kpi = name;
  kpi.samples = 40;
  kpi.sd = 1;
  kpi.coverage = coverage;
  kpi.credible = credible;
  return kpi;
}

std::map<std::string, int64_t> Levels(const CalibrationProfile& profile,
                                      const CredibilityEvidence& evidence) {
  std::map<std::string, int64_t> levels;
  for (const CredibilityFactor& factor : AssessCredibility(profile, evidence)) {
    EXPECT_FALSE(factor.evidence.empty()) << factor.factor;
    levels[factor.factor] = factor.level;
  }
  EXPECT_EQ(levels.size(), 8u);
  return levels;
}

TEST(CredibilityTest, LevelsFollowWhatWasMeasured) {
  CalibrationProfile profile;
  profile.scenario_sha256 = profile.trace_digest = "0";
  profile.held_out_samples = 40;
  profile.kpis = {Kpi("loss", true, 0.9), Kpi("delay", false, 0.5)};
  profile.sampling.emplace();
  profile.sampling->emulator_coverage = 0.95;
  CredibilityEvidence evidence;
  evidence.fit_rows = 60;
  evidence.fit_points = 40;
  evidence.repeats = 1.5;
  evidence.told = 2;
  evidence.parameters = 3;
  evidence.shift = 2;
  auto levels = Levels(profile, evidence);
  EXPECT_EQ(levels["data pedigree"], 2);
  EXPECT_EQ(levels["verification"], 2);
  EXPECT_EQ(levels["validation"], 2);
  EXPECT_EQ(levels["input pedigree"], 2);
  EXPECT_EQ(levels["uncertainty characterisation"], 2);
  EXPECT_EQ(levels["results robustness"], 2);
  EXPECT_EQ(levels["use history"], 0);
  EXPECT_EQ(levels["process management"], 2);

  profile.sampling->rank_simulations = 200;
  profile.sampling->rank_limit = 30;
  profile.sampling->rank_chi_square = 45;
  profile.kpis = {Kpi("loss", false, 0.3)};
  evidence.shift = 5;
  evidence.told = 0;
  levels = Levels(profile, evidence);
  EXPECT_EQ(levels["verification"], 0);  // ranks that are not uniform
  EXPECT_EQ(levels["validation"], 1);
  EXPECT_EQ(levels["input pedigree"], 1);
  EXPECT_EQ(levels["uncertainty characterisation"], 1);
  EXPECT_EQ(levels["results robustness"], 1);

  profile.sampling->rank_chi_square = 20;
  profile.kpis = {Kpi("loss", true, 0.9)};
  evidence.beyond = evidence.all_rows = true;
  evidence.repeats = 4;
  levels = Levels(profile, evidence);
  EXPECT_EQ(levels["data pedigree"], 3);
  EXPECT_EQ(levels["verification"], 3);
  EXPECT_EQ(levels["validation"], 4);
  EXPECT_EQ(levels["uncertainty characterisation"], 4);

  // Twenty ranks need a hundred simulations before chi square says anything.
  profile.sampling->rank_simulations = 99;
  for (const double chi_square : {20.0, 45.0}) {
    profile.sampling->rank_chi_square = chi_square;
    levels = Levels(profile, evidence);
    EXPECT_EQ(levels["verification"], 2);
    EXPECT_EQ(levels["uncertainty characterisation"], 3);
  }
}

TEST(CredibilityTest, NothingIsSaidOfAShiftThatIsNotKnown) {
  CalibrationProfile profile;
  profile.sampling.emplace();
  profile.sampling->rank_simulations = 1;
  CredibilityEvidence evidence;
  evidence.shift = std::nan("");
  std::map<std::string, CredibilityFactor> factors;
  for (const CredibilityFactor& one : AssessCredibility(profile, evidence)) {
    factors[one.factor] = one;
  }
  EXPECT_EQ(factors["results robustness"].level, 1);
  EXPECT_NE(factors["results robustness"].evidence.find("did not converge"),
            std::string::npos);
  EXPECT_NE(factors["verification"].evidence.find("too few"),
            std::string::npos);
}

}  // namespace
}  // namespace airlock
