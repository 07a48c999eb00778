#include "twin/pipeline/walk_forward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "tests/support/error_of.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

// Every sample but each seventh has a row.
std::vector<int64_t> Origins(int64_t samples) {
  std::vector<int64_t> origin;
  for (int64_t t = 0; t < samples; ++t) {
    if (t % 7 != 3) origin.push_back(t);
  }
  return origin;
}

TEST(WalkForwardFolds, TheTestPartsFollowEachOtherToTheEnd) {
  const std::vector<int64_t> origin = Origins(400);
  for (const int64_t count : {1, 3, 5}) {
    WalkForwardOptions options;
    options.folds = count;
    const std::vector<Fold> folds = WalkForwardFolds(origin, options);
    ASSERT_EQ(static_cast<int64_t>(folds.size()), count);
    int64_t next = folds.front().test.front();
    for (const Fold& fold : folds) {
      for (const int64_t row : fold.test) EXPECT_EQ(row, next++);
    }
    EXPECT_EQ(next, static_cast<int64_t>(origin.size()));
  }
}

TEST(WalkForwardFolds, NoLabelAndNoLagReachesAcrossTheGap) {
  const std::vector<int64_t> origin = Origins(400);
  for (const WalkForwardScheme scheme :
       {WalkForwardScheme::kExpanding, WalkForwardScheme::kSliding}) {
    for (const int64_t horizon : {0, 4}) {
      for (const int64_t lag : {0, 6}) {
        WalkForwardOptions options;
        options.scheme = scheme;
        options.gap = Embargo(horizon, lag);
        for (const Fold& fold : WalkForwardFolds(origin, options)) {
          const int64_t last =
              origin[static_cast<size_t>(fold.training.back())];
          const int64_t first = origin[static_cast<size_t>(fold.test.front())];
          EXPECT_LT(last + horizon, first - lag);
        }
      }
    }
  }
}

TEST(WalkForwardFolds, ExpandingGrowsAndSlidingKeepsItsLength) {
  const std::vector<int64_t> origin = Origins(700);
  WalkForwardOptions options;
  const std::vector<Fold> expanding = WalkForwardFolds(origin, options);
  options.scheme = WalkForwardScheme::kSliding;
  const std::vector<Fold> sliding = WalkForwardFolds(origin, options);
  options.window = 70;
  const std::vector<Fold> short_window = WalkForwardFolds(origin, options);
  for (size_t k = 0; k < expanding.size(); ++k) {
    EXPECT_EQ(expanding[k].training.front(), 0);
    EXPECT_EQ(expanding[k].test, sliding[k].test);
    EXPECT_EQ(expanding[k].training.back(), sliding[k].training.back());
    EXPECT_NEAR(static_cast<double>(sliding[k].training.size()),
                static_cast<double>(expanding[0].training.size()), 2);
    EXPECT_EQ(short_window[k].training.size(), 60u);
    if (k > 0) {
      EXPECT_GT(expanding[k].training.size(), expanding[k - 1].training.size());
    }
  }
}

TEST(WalkForwardFolds, SaysWhatIsTooFewOrWrong) {
  const std::vector<int64_t> origin = Origins(120);
  WalkForwardOptions options;
  options.folds = 5;
  EXPECT_THAT(ErrorOf([&] { WalkForwardFolds(origin, options); }),
              HasSubstr("fold 1 has 33 rows to learn from and 12 to be judged "
                        "on; both need 20"));
  options = {};
  options.folds = 0;
  EXPECT_THAT(ErrorOf([&] { WalkForwardFolds(origin, options); }),
              HasSubstr("at least 1 fold"));
  options = {};
  options.gap = -1;
  EXPECT_THAT(ErrorOf([&] { WalkForwardFolds(origin, options); }),
              HasSubstr("gap -1"));
  options = {};
  options.first_share = 1;
  EXPECT_THAT(ErrorOf([&] { WalkForwardFolds(origin, options); }),
              HasSubstr("within 0 and 1"));
  EXPECT_THAT(ErrorOf([&] { WalkForwardFolds({}, {}); }),
              HasSubstr("0 rows to learn from"));
}

SampleTable Table(int64_t rows) {
  SampleTable table;
  table.columns = 1;
  for (int64_t t = 0; t < rows; ++t) {
    table.x.push_back(static_cast<double>(t));
    table.y.push_back(static_cast<double>(2 * t));
    table.last_target.push_back(static_cast<double>(2 * t - 2));
    table.origin.push_back(t);
  }
  return table;
}

TEST(JudgeFolds, ScoresEachTestRowOnceAndByFold) {
  const SampleTable table = Table(200);
  const std::vector<Fold> folds = WalkForwardFolds(table.origin, {});
  std::vector<std::vector<double>> predicted;
  for (const Fold& fold : folds) {
    predicted.emplace_back();
    for (const int64_t row : fold.test) {
      predicted.back().push_back(2 * table.Row(row)[0] +
                                 static_cast<double>(predicted.size()));
    }
  }
  const WalkForwardResult result = JudgeFolds(table, folds, predicted);
  EXPECT_EQ(result.origin.size(), 120u);
  EXPECT_EQ(result.origin.front(), 80);
  EXPECT_EQ(result.origin.back(), 199);
  for (size_t i = 0; i < result.origin.size(); ++i) {
    EXPECT_DOUBLE_EQ(result.predicted[i] - result.observed[i],
                     static_cast<double>(result.fold[i] + 1));
  }
  // Fold k is off by k: mean 2.5, standard deviation sqrt(5 / 3).
  ASSERT_EQ(result.fold_scores.size(), 4u);
  EXPECT_DOUBLE_EQ(result.rmse.mean, 2.5);
  EXPECT_NEAR(result.rmse.standard_error, std::sqrt(5.0 / 3) / 2, 1e-12);
  EXPECT_NEAR(result.all.rmse, std::sqrt((1 + 4 + 9 + 16) / 4.0), 1e-12);
}

}  // namespace
}  // namespace airlock
