#include "sim/base/digest.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace airlock {
namespace {

// FIPS 180-2, appendix B.1.
TEST(DigestTest, Sha256OfAbc) {
  EXPECT_EQ(Sha256("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

template <typename... Values>
std::string HexOf(const Values&... values) {
  Digest digest;
  (digest.Add(values), ...);
  return digest.Hex();
}

TEST(DigestTest, BoundariesCount) {
  EXPECT_NE(HexOf(std::string("ab"), std::string("c")),
            HexOf(std::string("a"), std::string("bc")));
  EXPECT_NE(HexOf(std::vector<double>{1, 2}, std::vector<double>{}),
            HexOf(std::vector<double>{1}, std::vector<double>{2}));
}

TEST(DigestTest, NanAndZeroHaveOneForm) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(HexOf(nan), HexOf(-nan));
  EXPECT_EQ(HexOf(0.0), HexOf(-0.0));
  EXPECT_NE(HexOf(0.0), HexOf(nan));
}

TEST(DigestTest, HexDoesNotEndTheDigest) {
  Digest digest;
  digest.Add(int64_t{1});
  const std::string first = digest.Hex();
  EXPECT_EQ(digest.Hex(), first);
  digest.Add(int64_t{2});
  EXPECT_EQ(digest.Hex(), HexOf(int64_t{1}, int64_t{2}));
}

}  // namespace
}  // namespace airlock
