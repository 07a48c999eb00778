#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "tests/support/drift_streams.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::AlarmsAt;
using testing::ErrorOf;
using testing::ErrorRegimes;
using ::testing::HasSubstr;
using testing::Regimes;
using testing::ScalarStatistic;
using testing::ScalarStatistics;
using testing::Stream;

RngStream Random(uint64_t seed) {
  return RngTree(seed).Stream("test", Replication(0));
}

// A stream with changes that the statistic may be fed.
Stream Changing(const StatisticEntry& entry) {
  return entry.stream == StreamKind::kReal ? Regimes() : ErrorRegimes();
}

uint64_t Bits(double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

// Twelve times, at random points, the state goes through text into a new
// statistic. Evidence and dating stay equal to the last bit.
TEST(ScalarStatistics, GoOnBitIdenticallyAfterSaveAndLoad) {
  for (const StatisticEntry& entry : ScalarStatistics()) {
    for (const std::vector<double>& reference :
         {std::vector<double>{}, {0, 1, 0.5, 0, 1, 1, 0}}) {
      RngStream rng = Random(3);
      const Stream stream = Changing(entry);
      const double threshold = entry.classic_threshold({});
      const auto whole = entry.make(reference, {});
      auto part = entry.make(reference, {});
      whole->SetThreshold(threshold);
      part->SetThreshold(threshold);
      int alarms = 0;
      for (size_t i = 0; i < stream.size(); ++i) {
        if (i < 40 || rng.UniformInt(1000) == 0) {
          nlohmann::json state;
          part->Save(&state);
          part = entry.make(reference, {});
          part->Load(nlohmann::json::parse(state.dump()));
          part->SetThreshold(threshold);
        }
        const double evidence = whole->Update(stream[i]);
        ASSERT_EQ(Bits(part->Update(stream[i])), Bits(evidence))
            << entry.name << " at " << i;
        ASSERT_EQ(part->SamplesSinceChange(), whole->SamplesSinceChange());
        if (!(evidence >= threshold)) continue;
        ++alarms;
        whole->Restart();
        part->Restart();
      }
      EXPECT_GT(alarms, 0) << entry.name;
    }
  }
}

TEST(ScalarStatistics, AreAsNewAfterReset) {
  for (const StatisticEntry& entry : ScalarStatistics()) {
    const Stream stream = Changing(entry);
    const auto used = entry.make({}, {});
    const auto fresh = entry.make({}, {});
    for (size_t i = 0; i < 3333; ++i) used->Update(stream[i]);
    used->Reset();
    for (size_t i = 0; i < 2000; ++i) {
      ASSERT_EQ(Bits(used->Update(stream[i])), Bits(fresh->Update(stream[i])))
          << entry.name << " at " << i;
    }
  }
}

// No division by zero, no alarm while nothing changes, an alarm once it does.
TEST(ScalarStatistics, TakeAConstantSeries) {
  for (const StatisticEntry& entry : ScalarStatistics()) {
    const bool real = entry.stream == StreamKind::kReal;
    for (const double constant : real ? std::vector<double>{0, 0.1, -7e9, 1e-9}
                                      : std::vector<double>{0, 1}) {
      for (const bool with_reference : {false, true}) {
        const std::vector<double> reference(with_reference ? 50 : 0, constant);
        const auto statistic = entry.make(reference, {});
        const double threshold = entry.classic_threshold({});
        const Stream same(2000, constant);
        EXPECT_TRUE(AlarmsAt(threshold, statistic.get(), same).empty())
            << entry.name << " of " << constant;
        // JSON has no infinity. eddm alone says nothing yet (null).
        nlohmann::json state;
        statistic->Save(&state);
        if (state.contains("errors")) continue;
        EXPECT_THAT(state.dump(), ::testing::Not(HasSubstr("null")))
            << entry.name;
      }
    }
    // eddm needs two errors for a distance, and its distances to fall.
    const auto statistic = entry.make({}, {});
    Stream changed(400, 0);
    const bool distances = std::string(entry.name).rfind("eddm", 0) == 0;
    for (size_t i = 0; distances && i < 400; i += 8) changed[i] = 1;
    changed.resize(800, real ? 100 : 1);
    EXPECT_FALSE(
        AlarmsAt(entry.classic_threshold({}), statistic.get(), changed).empty())
        << entry.name;
  }
}

TEST(ScalarStatistics, DateTheChange) {
  enum Dating { kAtOrBefore, kClose, kAtOrAfter };
  const std::vector<std::pair<const char*, Dating>> expected = {
      {"adwin", kClose},
      {"cusum", kClose},
      {"page-hinkley", kAtOrBefore},
      {"page-hinkley-clipped", kAtOrBefore},
      {"page-hinkley-unclipped", kAtOrBefore},
      {"hddm-a", kClose},
      {"hddm-w", kAtOrAfter},
      {"ddm", kAtOrAfter}};
  for (const auto& [name, dating] : expected) {
    const StatisticEntry entry = ScalarStatistic(name);
    const bool real = entry.stream == StreamKind::kReal;
    RngStream rng = Random(17);
    std::vector<double> reference;
    for (int i = 0; real && i < 300; ++i) {
      reference.push_back(rng.Normal(0, 0.5));
    }
    const auto statistic = entry.make(reference, {});
    // Twice: the classic one of cusum is reached every 465 values.
    const double threshold = 2 * entry.classic_threshold({});
    // 500 values, then a change that cannot be missed.
    int64_t since = 0;
    for (int64_t i = 0; i < 2000 && since == 0; ++i) {
      const double p = i < 500 ? 0.1 : 0.9;
      double value = rng.Uniform() < p ? 1 : 0;
      if (real) value = rng.Normal(i < 500 ? 0 : 3, 0.5);
      const double evidence = statistic->Update(value);
      if (!(evidence >= threshold)) continue;
      ASSERT_GE(i, 500) << name;
      since = statistic->SamplesSinceChange();
      const int64_t truth = i - 499;
      EXPECT_GE(since, dating == kAtOrAfter ? 1 : truth - 5) << name;
      EXPECT_LE(since, dating == kAtOrBefore ? i : truth + 5) << name;
    }
    EXPECT_GT(since, 0) << name;
  }
}

// A reference makes charts indifferent to the unit.
TEST(ScalarStatistics, StandardiseByTheReference) {
  for (const char* name : {"cusum", "ewma", "shewhart", "page-hinkley"}) {
    const StatisticEntry entry = ScalarStatistic(name);
    RngStream rng = Random(5);
    std::vector<double> reference, scaled;
    for (int i = 0; i < 100; ++i) {
      reference.push_back(rng.Normal(0, 1));
      scaled.push_back(1024 * reference.back());
    }
    const auto plain = entry.make(reference, {});
    const auto times = entry.make(scaled, {});
    for (int i = 0; i < 500; ++i) {
      const double value = rng.Normal(0, 1);
      const double evidence = plain->Update(value);
      const double other = times->Update(1024 * value);
      ASSERT_EQ(std::isnan(evidence), std::isnan(other));
      if (!std::isnan(evidence)) {
        ASSERT_NEAR(evidence, other, 1e-9);
      }
    }
  }
}

// Raising the threshold never brings the first alarm forward.
TEST(ScalarStatistics, AreMonotoneInTheThreshold) {
  for (const StatisticEntry& entry : ScalarStatistics()) {
    const Stream stream = Changing(entry);
    const double classic = entry.classic_threshold({});
    int64_t before = -1;
    for (const double factor : {0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0}) {
      const auto statistic = entry.make({}, {});
      const auto alarms = AlarmsAt(factor * classic, statistic.get(), stream);
      const int64_t first = alarms.empty() ? INT64_MAX : alarms[0];
      EXPECT_GE(first, before) << entry.name << " at " << factor;
      before = first;
    }
  }
}

// What ADWIN keeps after an alarm, in values: MOA's window has the new regime
// only, river's is empty. Both histograms grow with the logarithm of the width.
TEST(Adwin, KeepsTheRecentWindowInLogarithmicMemory) {
  const auto buckets = [](const ChangeStatistic& adwin, int64_t* width) {
    nlohmann::json state;
    adwin.Save(&state);
    size_t count = 0;
    *width = 0;
    for (size_t row = 0; row < state.at("rows").size(); ++row) {
      count += state["rows"][row].size();
      *width += static_cast<int64_t>(state["rows"][row].size()) << row;
    }
    return count;
  };
  for (const char* name : {"adwin", "adwin-river"}) {
    const StatisticEntry entry = ScalarStatistic(name);
    const auto adwin = entry.make({}, {});
    RngStream rng = Random(9);
    int64_t width = 0;
    for (int i = 0; i < 200000; ++i) adwin->Update(rng.Uniform());
    EXPECT_LE(buckets(*adwin, &width), 5u * 17);
    EXPECT_EQ(width, 200000);
    adwin->SetThreshold(entry.classic_threshold({}));
    int since = 0;
    while (!(adwin->Update(2 + rng.Uniform()) >= entry.classic_threshold({}))) {
      ASSERT_LT(++since, 1000) << name;
    }
    EXPECT_EQ(adwin->SamplesSinceChange(), since + 1);
    adwin->Restart();
    buckets(*adwin, &width);
    if (std::string(name) == "adwin") {
      EXPECT_GE(width, since + 1);
      EXPECT_LT(width, 10000);
    } else {
      EXPECT_EQ(width, 0);
    }
  }
}

// Evidence is the confidence at which the bound of the paper is met, for the
// only cut of a window of two buckets' worth of checks: computed by hand from
// eps = sqrt(2 m v L) + 2/3 m L.
TEST(Adwin, EvidenceSolvesTheBound) {
  const StatisticEntry entry = ScalarStatistic("adwin-river");
  const auto adwin =
      entry.make({}, {{"clock", 20}, {"max_buckets", 19}, {"min_window", 10}});
  double evidence = 0;
  // 20 values in 18 buckets of 1 and one of 2: the one cut at 10 | 10.
  for (int i = 0; i < 20; ++i) evidence = adwin->Update(i < 10 ? 0.25 : 0.75);
  const double m = 2.0;  // 1 / (10 - 9) twice
  const double v = 0.0625;
  const double big_l = evidence + std::log(2 * std::log(20.0));
  EXPECT_NEAR(std::sqrt(2 * m * v * big_l) + 2.0 / 3 * m * big_l, 0.5, 1e-12);
}

// A mean of exactly 0 is a mean like any other: one error after 1000 successes
// is not a change. (It is one to river's rule to 0.23.)
TEST(HddmW, DoesNotTakeOneErrorForAChange) {
  Stream stream(1000, 0);
  stream.push_back(1);
  EXPECT_TRUE(testing::ClassicAlarms("hddm-w", {}, stream).empty());
  EXPECT_FALSE(
      testing::ClassicAlarms("hddm-w-river-legacy", {}, stream).empty());
}

TEST(Ddm, StaysFiniteAfterAWarmUpWithoutError) {
  Stream stream(100, 0);
  stream.push_back(1);
  const StatisticEntry entry = ScalarStatistic("ddm");
  const auto ddm = entry.make({}, {});
  double evidence = 0;
  for (const double value : stream) evidence = ddm->Update(value);
  // The published rule calls it a change.
  EXPECT_GE(evidence, entry.classic_threshold({}));
  EXPECT_LT(evidence, 10);
}

// ln of the chance that two samples of n have a distance of k / n or more, by
// counting paths of n steps up and n down: those that reach k or -k first at
// some point, times the ways on from there.
long double LogChance(int n, int k) {
  const auto choose = [](int from, int count) {
    return std::exp(std::lgamma(from + 1.0L) - std::lgamma(count + 1.0L) -
                    std::lgamma(from - count + 1.0L));
  };
  std::vector<std::vector<long double>> inside(
      static_cast<size_t>(n + 1),
      std::vector<long double>(static_cast<size_t>(n + 1), 0));
  long double reached = k == 0 ? choose(2 * n, n) : 0;
  inside[0][0] = k == 0 ? 0 : 1;
  for (int up = 0; up <= n; ++up) {
    for (int down = 0; down <= n; ++down) {
      const auto i = static_cast<size_t>(up), j = static_cast<size_t>(down);
      if (up > 0) inside[i][j] += inside[i - 1][j];
      if (down > 0) inside[i][j] += inside[i][j - 1];
      if (std::abs(up - down) < k) continue;
      reached += inside[i][j] * choose(2 * n - up - down, n - up);
      inside[i][j] = 0;
    }
  }
  return std::log(reached / choose(2 * n, n));
}

// The evidence of KSWIN for two samples of one size, by its definition.
double KswinEvidence(const Stream& newest, const Stream& drawn) {
  Stream all = newest;
  all.insert(all.end(), drawn.begin(), drawn.end());
  const auto up_to = [](const Stream& values, double x) {
    return static_cast<int>(std::count_if(values.begin(), values.end(),
                                          [x](double v) { return v <= x; }));
  };
  int largest = 0, area = 0;
  for (const double x : all) {
    const int distance = std::abs(up_to(newest, x) - up_to(drawn, x));
    largest = std::max(largest, distance);
    area += distance;
  }
  const int n = static_cast<int>(newest.size());
  const long double low = -LogChance(n, largest);
  if (largest == 0 || largest == n) return static_cast<double>(low);
  const long double high = -LogChance(n, largest + 1);
  return static_cast<double>(low + (high - low) * area / (2 * largest * n));
}

// Without chance: the newest half of the window against the older half.
TEST(Kswin, ComparesTheHalvesOfItsWindow) {
  for (const int size : {1, 7, 20, 33, 130}) {
    for (const double step : {0.0, 0.5, 0.05}) {  // of equal values
      const auto kswin = ScalarStatistic("kswin").make(
          {}, {{"window", 2 * size}, {"stat_size", size}});
      RngStream rng = Random(5);
      Stream stream;
      for (int i = 0; i < 2 * size + 60; ++i) {
        const double x = rng.Normal(i < 2 * size + 20 ? 0 : 2, 1);
        stream.push_back(step == 0 ? x : step * std::round(x / step));
        const double evidence = kswin->Update(stream.back());
        if (i + 1 < 2 * size) {
          EXPECT_TRUE(std::isnan(evidence));
        } else if (i % 7 == 0) {
          EXPECT_NEAR(
              evidence,
              KswinEvidence({stream.end() - size, stream.end()},
                            {stream.end() - 2 * size, stream.end() - size}),
              1e-9 * (1 + evidence))
              << size << " " << step << " " << i;
        }
      }
    }
  }
}

// A stream that repeats one window: at each phase every set of older values is
// drawn equally often. Chi-square over the evidence of all sets.
TEST(Kswin, DrawsEachSetEquallyOften) {
  double chi_square = 0;
  int freedom = 0;
  const std::vector<std::pair<int, int>> sizes = {{9, 3}, {12, 2}, {11, 5}};
  for (const auto& [window, size] : sizes) {
    for (const bool ties : {false, true}) {
      Stream period;
      for (int i = 0; i < window; ++i) {
        const int value = i * 5 % window;
        period.push_back(ties ? value / 2 : value);
      }
      const auto kswin = ScalarStatistic("kswin").make(
          {}, {{"window", window}, {"stat_size", size}});
      constexpr int kRounds = 2000;
      std::vector<std::map<int64_t, double>> seen(period.size());
      const auto key = [](double evidence) {
        return static_cast<int64_t>(std::llround(evidence * 1e9));
      };
      for (int i = 0; i < window * (kRounds + 1); ++i) {
        const auto phase = static_cast<size_t>(i % window);
        const double evidence = kswin->Update(period[phase]);
        if (i >= window) seen[phase][key(evidence)] += 1;
      }
      for (int phase = 0; phase < window; ++phase) {
        Stream newest, older;
        for (int age = 0; age < window; ++age) {
          const auto at = static_cast<size_t>((phase - age + window) % window);
          (age < size ? newest : older).push_back(period[at]);
        }
        std::map<int64_t, double> expected;
        double sets = 0;
        std::vector<int> chosen(older.size(), 0);  // in increasing order
        std::fill(chosen.end() - size, chosen.end(), 1);
        do {
          Stream drawn;
          for (size_t i = 0; i < older.size(); ++i) {
            if (chosen[i] == 1) drawn.push_back(older[i]);
          }
          expected[key(KswinEvidence(newest, drawn))] += 1;
          ++sets;
        } while (std::next_permutation(chosen.begin(), chosen.end()));
        const auto& counts = seen[static_cast<size_t>(phase)];
        for (const auto& [evidence, count] : counts) {
          EXPECT_EQ(expected.count(evidence), 1u) << evidence;
        }
        freedom += static_cast<int>(expected.size()) - 1;
        for (const auto& [evidence, count] : expected) {
          const double mean = kRounds * count / sets;
          const auto found = counts.find(evidence);
          const double got = found == counts.end() ? 0 : found->second;
          chi_square += (got - mean) * (got - mean) / mean;
        }
      }
    }
  }
  EXPECT_GT(freedom, 100);
  EXPECT_NEAR(chi_square, freedom, 4 * std::sqrt(2.0 * freedom));
}

TEST(ScalarStatistics, SayWhatIsWrong) {
  const auto error = [](const char* name, const StatisticParameters& given) {
    return ErrorOf([&] { ScalarStatistic(name).make({}, given); });
  };
  EXPECT_THAT(error("adwin", {{"delta", 2}}), HasSubstr("adwin: delta is 2"));
  EXPECT_THAT(error("adwin", {{"clock", 1.5}}),
              HasSubstr("clock is 1.5; write a whole number"));
  EXPECT_THAT(error("cusum", {{"sides", 0}}),
              HasSubstr("cusum: sides is 0; write one of: 2: both"));
  EXPECT_THAT(error("kswin", {{"window", 50}}),
              HasSubstr("stat_size is 30; write at most half of the window"));
  EXPECT_THAT(error("page-hinkley-clipped", {{"sides", 1}}),
              HasSubstr("no parameter 'sides'"));
  EXPECT_THAT(error("hddm-w-river-legacy", {{"lambda", 0}}),
              HasSubstr("hddm-w-river-legacy: lambda is 0"));
}

TEST(ScalarStatistics, RefuseAStateThatDoesNotFit) {
  const auto adwin = ScalarStatistic("adwin").make({}, {});
  nlohmann::json state;
  adwin->Save(&state);
  state["rows"] = nlohmann::json::array();
  EXPECT_THAT(ErrorOf([&] { adwin->Load(state); }), HasSubstr("'rows'"));
  state["rows"] = {{{1.0, 0.0}}, nlohmann::json::array()};
  EXPECT_THAT(ErrorOf([&] { adwin->Load(state); }), HasSubstr("is empty"));
  const auto kswin = ScalarStatistic("kswin").make({}, {});
  kswin->Save(&state);
  state["values"] = std::vector<double>(101, 1.0);
  EXPECT_THAT(ErrorOf([&] { kswin->Load(state); }),
              HasSubstr("101 values in a window of 100"));
}

}  // namespace
}  // namespace airlock
