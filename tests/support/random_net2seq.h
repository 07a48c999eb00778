#pragma once

#include <cmath>
#include <vector>

#include "agents/policy/net2seq_network.h"
#include "agents/policy/net2seq_scene.h"
#include "sim/base/rng.h"

// Untrained policies and scenes for tests of net2seq.
namespace airlock {

inline Net2SeqNetwork RandomNet2Seq(const Net2SeqLayout& layout,
                                    uint64_t seed) {
  RngStream rng(seed);
  Net2SeqNetwork network(layout);
  for (Net2SeqLayer& layer : network.layers) {
    const double bound =
        1 / std::sqrt(static_cast<double>(layer.weights.cols()));
    for (float& w : layer.weights.reshaped()) w = rng.Uniform(-bound, bound);
    for (float& b : layer.bias) b = rng.Uniform(-bound, bound);
  }
  return network;
}

// Access points that hear each other with probability `density` in each
// direction, some of them softly.
inline Eigen::MatrixXd RandomInterference(int size, double density,
                                          RngStream* rng) {
  Eigen::MatrixXd m = Eigen::MatrixXd::Zero(size, size);
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j < size; ++j) {
      if (i == j || rng->Uniform() > density) continue;
      m(i, j) = rng->Uniform() < 0.3 ? rng->Uniform() : 1;
    }
  }
  return m;
}

struct RandomNet2SeqScene {
  RandomNet2SeqScene(const ChannelTable& table, int size, int history,
                     double density, uint64_t seed)
      : channels(table),
        rng(seed),
        m(RandomInterference(size, density, &rng)),
        graph(m) {
    for (int h = 0; h <= history; ++h) {
      loads.emplace_back();
      for (int i = 0; i < size; ++i) loads[h].push_back(rng.Uniform());
    }
    for (int i = 0; i < size; ++i) {
      plan.push_back(static_cast<int>(rng.UniformInt(channels.assignments())));
    }
  }
  Net2SeqScene scene() const { return {&graph, &channels, loads, plan}; }

  Net2SeqChannels channels;
  RngStream rng;
  Eigen::MatrixXd m;
  InterferenceGraph graph;
  std::vector<std::vector<float>> loads;
  std::vector<int> plan;
};

}  // namespace airlock
