#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "agents/baselines/plan_state.h"
#include "agents/learn/net2seq_tensors.h"
#include "agents/noise/noise_options.h"
#include "agents/policy/net2seq_decoder.h"
#include "sim/base/rng.h"
#include "sim/scenario/scenario.h"
#include "sim/workload/load_profiles.h"

// Generated networks in which net2seq is trained, with the airtime model's
// regret.
namespace airlock {

// What one decision in one network is asked for.
struct Net2SeqSampling {
  double gamma = 0;
  int64_t plans = 4;  // drawn in each state
  int64_t steps = 2;  // of each plan's sequence that are learnt from; 0: all
  bool imitate = false;
  // What is seen, not what is rewarded: errors and gaps of RSSI, errors of
  // loads (kNet2SeqNoise), drawn anew at every decision.
  NoiseOptions noise;
};

// What training learns from one iteration.
struct Net2SeqExperience {
  Net2SeqChoices choices;
  Net2SeqPlans values;     // of the critic, V(s)
  Net2SeqPlans judgments;  // of the Selector, Q(s, a)
  double regret = 0;       // of an access point, summed over networks
  int64_t decisions = 0;
  void Clear();
};

// Where a network is in its course, to go on from in another process.
struct Net2SeqPosition {
  int64_t instance = 0;   // of training: seed 1 000 000 + instance
  int64_t slot = 0;       // decisions made in it
  std::vector<int> plan;  // positions of assignments
};

// One of the networks of a batch: network n of a batch of B plays the instances
// n, n + B, n + 2 B and so on, `slots` decisions each (the first a part of
// that, so that not all begin anew at once).
class Net2SeqInstance {
 public:
  static constexpr int64_t kFirstSeed = 1000000;

  // `scenario`: resolved, with wlan.generated. `history`: N_H.
  Net2SeqInstance(const Scenario* scenario, const Net2SeqChannels* channels,
                  const ChannelTable* table, int history, int64_t number,
                  int64_t batch, int64_t slots);
  ~Net2SeqInstance();

  const Net2SeqPosition& position() const { return position_; }
  void MoveTo(const Net2SeqPosition& position);

  // Draws plans, adds what is to be learnt from them, takes the first of them
  // and moves on by a slot. `rng` for all draws, but for those of the noise.
  void Decide(const Net2SeqNetwork& network, const Net2SeqSampling& sampling,
              RngStream* rng, RngStream* noise, Net2SeqExperience* to);

 private:
  struct Course;  // of one instance: network and loads
  struct Draw {
    std::vector<Net2SeqStep> steps;
    std::vector<double> before;  // regret of the plan that each step found
    std::vector<int> plan;
    double regret = 0;  // R of all access points
    double target = 0;  // R + gamma V(s')
  };

  void Begin();
  void See(const NoiseOptions& noise, RngStream* rng);
  Net2SeqScene SceneOf(const std::vector<int>& plan) const;
  Net2SeqScene SceneAfter(const std::vector<int>& plan) const;
  Draw DrawPlan(const Net2SeqNetwork& network, double gamma,
                Net2SeqDecoder* decoder, RngStream* rng);
  void LearnChoices(const std::vector<Draw>& draws,
                    const Net2SeqSampling& sampling,
                    const Net2SeqNetwork& network, RngStream* rng,
                    Net2SeqExperience* to) const;
  void LearnPlans(const std::vector<Draw>& draws, int bonding_levels,
                  Net2SeqExperience* to) const;
  void AddChoice(const Draw& draw, int64_t step, double advantage,
                 int bonding_levels, Net2SeqExperience* to) const;
  std::vector<int> Taught(double gamma, RngStream* rng);
  void Imitate(const std::vector<int>& plan, int bonding_levels, RngStream* rng,
               Net2SeqExperience* to) const;

  const Scenario* scenario_;
  const Net2SeqChannels* channels_;
  const ChannelTable* table_;
  const int history_;
  const int64_t number_;
  const int64_t batch_;
  const int64_t slots_;
  Net2SeqPosition position_;
  std::unique_ptr<Course> course_;
  // At the present decision: what the policy sees.
  const InterferenceGraph* seen_ = nullptr;
  std::unique_ptr<InterferenceGraph> noisy_;
  std::deque<std::vector<double>> seen_loads_;
};

}  // namespace airlock
