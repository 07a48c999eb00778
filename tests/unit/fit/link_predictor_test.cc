#include "calibration/fit/link_predictor.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/synthetic_links.h"

namespace airlock {
namespace {

using testing::MakeLinkTrace;
using testing::SyntheticLinks;

std::vector<Link> LinksOf(int links, int seconds) {
  SyntheticLinks truth;
  truth.links = links;
  truth.seconds = seconds;
  LeftOutSamples left_out;
  return ReadLinks(MakeLinkTrace(truth, 7), &left_out);
}

Selection Range(size_t first, size_t last) {
  Selection selection;
  for (size_t i = first; i < last; ++i) selection.push_back(i);
  return selection;
}

LinkScales SomeScales() {
  const FieldScales goodput{std::vector<double>(kGoodputAxes, 10), 0.4};
  return {{{12, 5}, 0.1}, goodput, goodput, goodput, goodput};
}

// What is not known of one link tells nothing about another: the common
// exponent is that of the others alone.
TEST(PredictLinks, ALinkWithoutSamplesToLearnFromCountsNowhere) {
  const std::vector<Link> both = LinksOf(2, 200);
  const std::vector<Link> first = {both[0]};
  const LinkPredictions alone =
      PredictLinks(first, {Range(0, 120)}, {Range(120, 200)}, SomeScales());
  const LinkPredictions beside = PredictLinks(
      both, {Range(0, 120), {}}, {Range(120, 200), {}}, SomeScales());
  for (size_t method = 0; method < kLinkMethods; ++method) {
    ASSERT_EQ(alone.values[method][0].size(), 80u);
    EXPECT_TRUE(beside.values[method][1].empty());
    for (size_t k = 0; k < 80; ++k) {
      EXPECT_EQ(alone.values[method][0][k], beside.values[method][0][k])
          << NameOf(static_cast<LinkMethod>(method));
    }
  }
}

// The truth's goodput is 0.6 (1 - others) of the PHY rate, others 0.2 to 0.5:
// on average 0.39, whichever samples lack the rate.
TEST(FitGoodput, ACurveIsOfTheRateOrOfTheGoodputButNotOfBoth) {
  Link link = LinksOf(1, 400)[0];
  const Selection all = Range(0, 400);
  const GoodputModel full = FitGoodput(link, all, nullptr);
  EXPECT_TRUE(full.of_rate);
  EXPECT_NEAR(full.share, 0.39, 0.03);
  for (size_t i = 0; i < 400; ++i) {
    if (i % 3 != 0) link.samples[i].rate = std::nan("");
  }
  const GoodputModel third = FitGoodput(link, all, nullptr);
  EXPECT_TRUE(third.of_rate);
  EXPECT_NEAR(third.share, 0.39, 0.03);
  for (size_t i = 60; i < 400; ++i) link.samples[i].rate = std::nan("");
  const GoodputModel none = FitGoodput(link, all, nullptr);  // 20 rates
  EXPECT_FALSE(none.of_rate);
  EXPECT_NEAR(none.share, 1, 0.1);
  EXPECT_EQ(none.rate_share, 0);
  // Both predict the same goodput.
  EXPECT_NEAR(none.At(-60), full.At(-60), 0.1 * full.At(-60));
  EXPECT_NEAR(none.At(-80), full.At(-80), 0.1 * full.At(-80));
}

}  // namespace
}  // namespace airlock
