#include "sim/workload/load_profiles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "sim/base/error.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;

// Access points in a row, 1 apart.
LoadSite Row(int n) {
  LoadSite site;
  for (int i = 0; i < n; ++i) {
    site.names.push_back("a" + std::to_string(i));
    site.x.push_back(i);
    site.y.push_back(0);
  }
  return site;
}

// [slot][access point]
std::vector<Eigen::ArrayXd> Take(const std::string& profile,
                                 const LoadSite& site, int slots,
                                 uint64_t key = 1) {
  auto course = FindLoadProfile(profile).create(site, RngStream(key));
  std::vector<Eigen::ArrayXd> loads;
  for (int slot = 0; slot < slots; ++slot) loads.push_back(course->Next());
  return loads;
}

TEST(LoadProfilesTest, EveryProfileIsItsStreamsAlone) {
  for (const LoadProfileRow& row : LoadProfiles()) {
    if (std::string(row.name) == "trace") continue;
    const auto first = Take(row.name, Row(7), 50);
    const auto again = Take(row.name, Row(7), 50);
    const auto other = Take(row.name, Row(7), 50, 2);
    bool differs = false;
    for (int slot = 0; slot < 50; ++slot) {
      EXPECT_TRUE((first[slot] == again[slot]).all()) << row.name;
      EXPECT_TRUE((first[slot] >= 0).all() && (first[slot] <= 1).all());
      differs = differs || (first[slot] != other[slot]).any();
    }
    EXPECT_EQ(differs, std::string(row.name) != "constant") << row.name;
  }
}

TEST(LoadProfilesTest, VolatileRisesAndStartsAgain) {
  const auto loads = Take("volatile", Row(50), 400);
  double start = 0, rise = 0;
  int rises = 0, drops = 0;
  for (int slot = 1; slot < 400; ++slot) {
    for (int i = 0; i < 50; ++i) {
      const double step = loads[slot][i] - loads[slot - 1][i];
      if (step >= 0) {
        EXPECT_LE(step, 0.2);
        rise += step;
        ++rises;
      } else {
        EXPECT_GE(loads[slot - 1][i], 0.8);
        EXPECT_LE(loads[slot][i], 0.2);
        ++drops;
      }
    }
  }
  for (int i = 0; i < 50; ++i) start += loads[0][i] / 50;
  // Means of uniform numbers; five standard errors. A turn takes 1 / 0.1 slots.
  EXPECT_NEAR(start, 0.5, 5 * std::sqrt(1.0 / 12 / 50));
  EXPECT_NEAR(drops / (399.0 * 50), 0.1, 0.005);
  // A rise u that does not pass 1, from a place that is uniform on [0, 1]:
  // E[u (1 - u)] / E[1 - u].
  EXPECT_NEAR(rise / rises, 0.0963, 0.001);
}

TEST(LoadProfilesTest, TriangleTurnsInsteadOfDropping) {
  const auto loads = Take("volatile-triangle", Row(20), 300);
  double sum = 0;
  int down = 0;
  for (int slot = 1; slot < 300; ++slot) {
    for (int i = 0; i < 20; ++i) {
      const double step = loads[slot][i] - loads[slot - 1][i];
      EXPECT_LE(std::abs(step), 0.2);
      down += step < 0 ? 1 : 0;
      sum += loads[slot][i];
    }
  }
  EXPECT_NEAR(down / (299.0 * 20), 0.5, 0.03);
  EXPECT_NEAR(sum / (299.0 * 20), 0.5, 0.03);
}

TEST(LoadProfilesTest, FlashCrowdsAreThreeGroupsOfFive) {
  const int n = 60;
  const auto loads = Take("flash-crowd", Row(n), 2000);
  std::vector<int> lengths;
  std::vector<int> held(n, 0);
  int64_t most = 0, groups_of_five = 0;
  for (const Eigen::ArrayXd& slot : loads) {
    int64_t crowded = 0;
    int run = 0;
    for (int i = 0; i <= n; ++i) {
      const bool in = i < n && slot[i] >= 0.8;
      if (i < n) {
        EXPECT_TRUE(in || slot[i] <= 0.3) << slot[i];
        crowded += in ? 1 : 0;
        if (in) ++held[i];
        if (!in && held[i] > 0) {
          lengths.push_back(held[i]);
          held[i] = 0;
        }
      }
      if (in) {
        ++run;
      } else {
        if (run == 5) ++groups_of_five;
        if (run > 0) {
          EXPECT_GE(run, 5);
        }
        run = 0;
      }
    }
    most = std::max(most, crowded);
    EXPECT_LE(crowded, 15);
  }
  EXPECT_EQ(most, 15);
  EXPECT_GT(groups_of_five, 2000);
  // 3 to 9 slots, unless one crowd follows another on the same access point.
  EXPECT_EQ(*std::min_element(lengths.begin(), lengths.end()), 3);
  EXPECT_EQ(std::set<int>(lengths.begin(), lengths.end()).count(9), 1u);
  const double longer = std::count_if(lengths.begin(), lengths.end(),
                                      [](int l) { return l > 9; });
  EXPECT_LT(longer / lengths.size(), 0.3);
}

TEST(LoadProfilesTest, ACrowdIsAllOfAFewAccessPoints) {
  const auto loads = Take("flash-crowd", Row(3), 20);
  for (const Eigen::ArrayXd& slot : loads) EXPECT_TRUE((slot >= 0.8).all());
}

TEST(LoadProfilesTest, DaysHaveNightsAndAPeakInTheAfternoon) {
  LoadSite site = Row(40);
  site.start_seconds = 6 * 3600;
  const auto loads = Take("diurnal", site, 144);
  const auto mean = [&loads](int hour) {
    double sum = 0;
    for (int s = 0; s < 6; ++s) sum += loads[(hour - 6) * 6 + s].mean();
    return sum / 6;
  };
  EXPECT_GT(mean(14), 0.4);
  EXPECT_LT(mean(26), 0.07);  // two in the night
  EXPECT_GT(mean(14), mean(10));
  EXPECT_GT(mean(14), mean(18));
}

Trace LoadTrace(std::vector<double> times, std::vector<double> loads) {
  Trace trace;
  trace.time_seconds = std::move(times);
  Column column;
  column.name = "ap.a0.load";
  column.values = std::move(loads);
  trace.columns.push_back(column);
  return trace;
}

TEST(LoadProfilesTest, TraceIsAveragedOverEachSlot) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  // Samples end at 1, 2, 3, 4 and 5 s of the course.
  const Trace trace =
      LoadTrace({11, 12, 13, 14, 15}, {0.2, 0.4, missing, 1.5, 0});
  LoadSite site = Row(1);
  site.slot_seconds = 2;
  site.trace = &trace;
  auto course = FindLoadProfile("trace").create(site, RngStream(1));
  EXPECT_DOUBLE_EQ(course->Next()[0], 0.3);
  EXPECT_DOUBLE_EQ(course->Next()[0], (0.4 + 1.5) / 2);
  try {
    course->Next();
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "wlan load: the trace ends at 5 s, within slot 2 of 2 s");
  }
  site.slot_seconds = 0.5;
  course = FindLoadProfile("trace").create(site, RngStream(1));
  EXPECT_DOUBLE_EQ(course->Next()[0], 0.2);
  EXPECT_DOUBLE_EQ(course->Next()[0], 0.2);
  EXPECT_DOUBLE_EQ(course->Next()[0], 0.4);
}

TEST(LoadProfilesTest, WrongTracesAreNamed) {
  const auto message = [](LoadSite site) {
    try {
      FindLoadProfile("trace").create(site, RngStream(1));
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  LoadSite site = Row(2);
  EXPECT_THAT(message(site), HasSubstr("no trace is given"));
  const Trace one = LoadTrace({1, 2}, {0.1, 0.2});
  site.trace = &one;
  EXPECT_THAT(message(site), HasSubstr("ap.a1.load"));
  const Trace negative = LoadTrace({1, 2}, {0.1, -0.2});
  LoadSite single = Row(1);
  single.trace = &negative;
  EXPECT_THAT(message(single),
              HasSubstr("trace column ap.a0.load, sample 1: a load of -0.2"));
  const Trace empty = LoadTrace({}, {});
  single.trace = &empty;
  EXPECT_THAT(message(single), HasSubstr("no samples"));
  EXPECT_THROW(FindLoadProfile("sometimes"), InputError);
}

}  // namespace
}  // namespace airlock
