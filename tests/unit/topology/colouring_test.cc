#include "sim/topology/colouring.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "sim/base/rng.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<Conflict> Cycle(int nodes) {
  std::vector<Conflict> conflicts;
  for (int i = 0; i < nodes; ++i) conflicts.push_back({i, (i + 1) % nodes});
  return conflicts;
}

bool Proper(const std::vector<int>& colour,
            const std::vector<Conflict>& conflicts) {
  return std::none_of(conflicts.begin(), conflicts.end(),
                      [&](const Conflict& c) {
                        return colour[static_cast<size_t>(c.a)] ==
                               colour[static_cast<size_t>(c.b)];
                      });
}

size_t ColoursNeeded(int nodes, const std::vector<Conflict>& conflicts) {
  const std::vector<int> colour = ColourConflicts(nodes, conflicts, nodes);
  EXPECT_TRUE(Proper(colour, conflicts));
  return std::set<int>(colour.begin(), colour.end()).size();
}

// DSATUR is exact for cycles, wheels and bipartite graphs (Brelaz, 1979), and
// finds the 3 colours of the Petersen graph.
TEST(ColourConflictsTest, ChromaticNumbers) {
  EXPECT_EQ(ColoursNeeded(6, Cycle(6)), 2u);
  EXPECT_EQ(ColoursNeeded(7, Cycle(7)), 3u);
  std::vector<Conflict> wheel = Cycle(5);
  for (int i = 0; i < 5; ++i) wheel.push_back({i, 5});
  EXPECT_EQ(ColoursNeeded(6, wheel), 4u);
  std::vector<Conflict> petersen = Cycle(5);
  for (int i = 0; i < 5; ++i) {
    petersen.push_back({i, i + 5});
    petersen.push_back({i + 5, (i + 2) % 5 + 5});
  }
  EXPECT_EQ(ColoursNeeded(10, petersen), 3u);
  std::vector<Conflict> complete;
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < i; ++j) complete.push_back({i, j});
  }
  EXPECT_EQ(ColoursNeeded(6, complete), 6u);
}

TEST(ColourConflictsTest, RandomBipartiteGraphsNeedTwo) {
  RngStream rng = RngTree(1).Stream("test", Replication(0));
  for (int round = 0; round < 50; ++round) {
    std::vector<Conflict> conflicts;
    for (int a = 0; a < 10; ++a) {
      for (int b = 10; b < 22; ++b) {
        if (rng.Uniform() < 0.3) conflicts.push_back({a, b});
      }
    }
    EXPECT_EQ(ColoursNeeded(22, conflicts), 2u) << round;
  }
}

TEST(ColourConflictsTest, SharesTheLightestConflictWhereColoursRunOut) {
  EXPECT_THAT(ColourConflicts(3, {{0, 1, 3}, {1, 2, 2}, {0, 2, 1}}, 2),
              ElementsAre(0, 1, 0));
  EXPECT_THAT(ColourConflicts(3, {{0, 1, 3}, {1, 2, 1}, {0, 2, 2}}, 2),
              ElementsAre(0, 1, 1));
  // The two mentions of 1 and 2 weigh 2.5.
  EXPECT_THAT(
      ColourConflicts(3, {{0, 1, 3}, {1, 2, 1}, {0, 2, 2}, {2, 1, 1.5}}, 2),
      ElementsAre(0, 1, 0));
}

TEST(ColourConflictsTest, NoNodesNoColours) {
  EXPECT_THAT(ColourConflicts(0, {}, 1), IsEmpty());
  EXPECT_THAT(ColourConflicts(3, {}, 1), ElementsAre(0, 0, 0));
}

TEST(ColourConflictsTest, WrongInput) {
  EXPECT_THAT(testing::ErrorOf([] { ColourConflicts(2, {}, 0); }),
              HasSubstr("0 colours: at least one is needed"));
  EXPECT_THAT(testing::ErrorOf([] {
                ColourConflicts(2, {{0, 2}}, 1);
              }),
              HasSubstr("conflict of nodes 0 and 2: allowed are two different "
                        "ones from 0 to 1"));
  EXPECT_THAT(testing::ErrorOf([] {
                ColourConflicts(2, {{1, 1}}, 1);
              }),
              HasSubstr("conflict of nodes 1 and 1"));
  EXPECT_THAT(testing::ErrorOf([] {
                ColourConflicts(2, {{0, 1, 0}}, 1);
              }),
              HasSubstr("weight 0 is not positive"));
}

}  // namespace
}  // namespace airlock
