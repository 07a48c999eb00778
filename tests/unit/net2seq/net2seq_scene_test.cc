#include "agents/policy/net2seq_scene.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/support/random_net2seq.h"

namespace airlock {
namespace {

constexpr int kSize = 7;
constexpr int kHistory = 2;

// The equations of the reference as they are printed, sum by sum, of a scene in
// which the access points of `done` are configured.
class Equations {
 public:
  Equations(const RandomNet2SeqScene& s, std::vector<int> at,
            std::vector<bool> done)
      : s_(s), at_(std::move(at)), done_(std::move(done)) {}

  double DoneReceived(int i, int j, int k, int h) const {
    return DoneBut(j, i) * s_.m(i, j) * Share(j, h) * Psi(k, j);
  }
  double RemainingReceived(int i, int j, int k, int h) const {
    return NotDoneOr(j, i) * s_.m(i, j) * Share(j, h) * Psi(k, j);
  }
  double DoneNeighbour(int i, int j, int k, int h) const {
    double sum = 0;
    for (int x = 0; x < kSize; ++x) {
      if (DoneBut(x, i)) sum += DoneReceived(j, x, k, h);
    }
    return DoneBut(j, i) * s_.m(j, i) * Psi(k, j) * sum;
  }
  double RemainingNeighbour(int i, int j, int k, int h) const {
    double sum = 0;
    for (int x = 0; x < kSize; ++x) {
      if (NotDoneOr(x, i)) sum += RemainingReceived(j, x, k, h);
    }
    return NotDoneOr(j, i) * s_.m(j, i) * Psi(k, j) * sum;
  }
  double AllReceived(int i, int j, int k, int h) const {
    return s_.m(i, j) * Share(j, h) * Psi(k, j);
  }
  double AllNeighbour(int i, int j, int k, int h) const {
    double sum = 0;
    for (int x = 0; x < kSize; ++x) {
      if (x != i && x != j) sum += AllReceived(j, x, k, h);
    }
    return s_.m(j, i) * Psi(k, j) * sum;
  }

 private:
  bool DoneBut(int j, int i) const { return j != i && done_[j]; }
  bool NotDoneOr(int j, int i) const { return j != i && !done_[j]; }
  double Share(int j, int h) const {
    return s_.loads[h][j] /
           std::pow(2.0, s_.channels.assignment(at_[j]).bonding);
  }
  double Psi(int k, int j) const { return s_.channels.Uses(at_[j], k); }

  const RandomNet2SeqScene& s_;
  std::vector<int> at_;
  std::vector<bool> done_;
};

using Feature = std::function<double(int i, int j, int k, int h)>;

// A Dense layer of one unit with ReLU on every neighbour, summed.
double Pooled(const Feature& f, const Eigen::MatrixXd& m, bool heard, int i,
              int k) {
  double sum = 0;
  for (int j = 0; j < kSize; ++j) {
    if (j == i || (heard ? m(i, j) : m(j, i)) == 0) continue;
    double y = 0.125;
    for (int h = 0; h <= kHistory; ++h) y += (1 - 0.75 * h) * f(i, j, k, h);
    sum += std::max(0.0, y);
  }
  return sum;
}

double Pooled(const Net2SeqRows& rows, size_t embedding, int64_t row) {
  const Net2SeqRows::Neighbours& from = rows.embeddings[embedding];
  double sum = 0.125 * from.silent[row];
  for (size_t n = 0; n < from.row.size(); ++n) {
    if (from.row[n] != row) continue;
    double y = 0.125;
    for (int h = 0; h <= kHistory; ++h) {
      y += (1 - 0.75 * h) * from.values[n * (1 + kHistory) + h];
    }
    sum += std::max(0.0, y);
  }
  return sum;
}

class Net2SeqSceneTest : public ::testing::TestWithParam<int> {
 protected:
  ChannelTable Table() const {
    if (GetParam() == 0) return ChannelTable({1, 3, 6, 11}, 1);
    return ChannelTable(ReferenceChannels(), GetParam());
  }
};

TEST_P(Net2SeqSceneTest, ActorSeesTheFourEquations) {
  const RandomNet2SeqScene random(Table(), kSize, kHistory, 0.6, 5);
  Net2SeqScene scene = random.scene();
  std::vector<int> at = random.plan;
  std::vector<bool> done(kSize, false);
  for (const int ap : {3, 0, 5, 6}) {
    const int to = (at[ap] + 2) % random.channels.assignments();
    scene.Configure(ap, to);
    at[ap] = to;
    done[ap] = true;
    const Equations equations(random, at, done);
    const Feature features[] = {
        [&](int i, int j, int k, int h) {
          return equations.DoneReceived(i, j, k, h);
        },
        [&](int i, int j, int k, int h) {
          return equations.RemainingReceived(i, j, k, h);
        },
        [&](int i, int j, int k, int h) {
          return equations.DoneNeighbour(i, j, k, h);
        },
        [&](int i, int j, int k, int h) {
          return equations.RemainingNeighbour(i, j, k, h);
        }};
    for (int i = 0; i < kSize; ++i) {
      if (done[i]) continue;
      for (int k = 0; k < random.channels.channels(); ++k) {
        Net2SeqRows rows;
        rows.Clear(Net2SeqScene::kActorEmbeddings);
        scene.AppendActorRow(i, k, 3, &rows);
        for (size_t e = 0; e < 4; ++e) {
          EXPECT_NEAR(Pooled(rows, e, 0),
                      Pooled(features[e], random.m, e < 2, i, k), 1e-5)
              << "embedding " << e << " of " << i << " on " << k;
        }
        const ChannelAssignment now = random.channels.assignment(at[i]);
        const std::vector<float> rest = {
            random.loads[0][i],           random.loads[1][i],
            random.loads[2][i],           now.channel == k ? 1.0F : 0.0F,
            now.bonding == 0 ? 1.F : 0.F, now.bonding == 1 ? 1.F : 0.F,
            now.bonding == 2 ? 1.F : 0.F};
        EXPECT_EQ(rows.rest, rest);
      }
    }
  }
}

TEST_P(Net2SeqSceneTest, SelectorSeesAllWithTheirProposedAssignments) {
  const RandomNet2SeqScene random(Table(), kSize, kHistory, 0.6, 6);
  Net2SeqScene scene = random.scene();
  std::vector<int> proposed = random.plan;
  proposed[2] = (proposed[2] + 1) % random.channels.assignments();
  scene.Propose(proposed);
  const Equations equations(random, proposed, std::vector<bool>(kSize));
  for (int i = 0; i < kSize; ++i) {
    for (int k = 0; k < random.channels.channels(); ++k) {
      Net2SeqRows rows;
      rows.Clear(Net2SeqScene::kPlanEmbeddings);
      scene.AppendPlanRow(i, k, 1, true, &rows);
      const Feature received = [&](int a, int j, int c, int h) {
        return equations.AllReceived(a, j, c, h);
      };
      const Feature neighbour = [&](int a, int j, int c, int h) {
        return equations.AllNeighbour(a, j, c, h);
      };
      EXPECT_NEAR(Pooled(rows, 0, 0), Pooled(received, random.m, true, i, k),
                  1e-5);
      EXPECT_NEAR(Pooled(rows, 1, 0), Pooled(neighbour, random.m, false, i, k),
                  1e-5);
      EXPECT_EQ(rows.rest.back(), i == 2 ? 1 : 0);
    }
  }
}

TEST_P(Net2SeqSceneTest, MarksEveryRowThatChanges) {
  const RandomNet2SeqScene random(Table(), kSize, kHistory, 0.4, 7);
  Net2SeqScene scene = random.scene();
  const int channels = random.channels.channels();
  const auto all_rows = [&] {
    std::vector<Net2SeqRows> all(kSize * channels);
    for (int i = 0; i < kSize; ++i) {
      for (int k = 0; k < channels; ++k) {
        all[i * channels + k].Clear(Net2SeqScene::kActorEmbeddings);
        scene.AppendActorRow(i, k, 4, &all[i * channels + k]);
      }
    }
    return all;
  };
  for (const int ap : {1, 4, 2, 0}) {
    const auto before = all_rows();
    const int former = scene.at(ap);
    scene.Configure(ap, (former + ap) % random.channels.assignments());
    std::vector<uint8_t> flags(kSize * channels, 0);
    scene.MarkChanged(ap, former, &flags);
    const auto after = all_rows();
    int marked = 0;
    for (int row = 0; row < kSize * channels; ++row) {
      if (scene.done(row / channels)) {
        EXPECT_FALSE(flags[row]);
        continue;
      }
      marked += flags[row];
      bool equal = before[row].rest == after[row].rest;
      for (size_t e = 0; e < 4; ++e) {
        equal =
            equal &&
            before[row].embeddings[e].values ==
                after[row].embeddings[e].values &&
            before[row].embeddings[e].silent == after[row].embeddings[e].silent;
      }
      EXPECT_TRUE(flags[row] || equal) << "row " << row;
    }
    EXPECT_LT(marked, kSize * channels);
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, Net2SeqSceneTest,
                         ::testing::Values(0, 1, 2, 3));

TEST(Net2SeqChannels, BondsWithTheOtherHalfOfTheBlock) {
  const Net2SeqChannels channels(ChannelTable(ReferenceChannels(), 3));
  // 36 40 44 48 149 153 157 161 165
  EXPECT_EQ(channels.Partners(0, 1), std::vector<int>{1});
  EXPECT_EQ(channels.Partners(5, 1), std::vector<int>{4});
  EXPECT_EQ(channels.Partners(1, 2), (std::vector<int>{2, 3}));
  EXPECT_TRUE(channels.Partners(8, 1).empty());
  EXPECT_EQ(channels.PositionOf(8, 1), -1);
  EXPECT_TRUE(channels.Uses(channels.PositionOf(0, 2), 3));
  EXPECT_FALSE(channels.Uses(channels.PositionOf(0, 1), 2));
}

TEST(Net2SeqChannels, OverlappingChannelsMeet) {
  const Net2SeqChannels channels(ChannelTable({1, 3, 6, 11}, 1));
  EXPECT_TRUE(channels.Uses(channels.PositionOf(0, 0), 1));   // 1 and 3
  EXPECT_FALSE(channels.Uses(channels.PositionOf(0, 0), 2));  // 1 and 6
}

}  // namespace
}  // namespace airlock
