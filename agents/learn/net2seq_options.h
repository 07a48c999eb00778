#pragma once

#include <array>
#include <cstdint>

#include "sim/scenario/scenario.h"

namespace airlock {

// The kinds of noise (NoiseKinds()) that net2seq can be trained with.
inline constexpr std::array kNet2SeqNoise = {
    "rssi_bias_db", "rssi_noise_db", "counter_noise", "missing_neighbours"};

// How net2seq is trained (Iacoboaiea et al., IFIP Networking 2021); in an agent
// file the section `net2seq`.
struct Net2SeqOptions {
  int64_t history = 0;  // N_H
  int64_t hidden = 256;
  double gamma = 0.5;  // discount of the regret of later slots
  int64_t iterations = 14400;
  // The first of them imitate dynLS in the states that the actor comes to
  // instead of following the gradient of the regret.
  int64_t imitation_iterations = 0;
  int64_t batch = 32;  // networks side by side
  // Plans drawn in each state. From 2 on each is held against the mean of the
  // others (Kool et al. 2019), step by step less what its earlier steps have
  // brought; 1: against the critic, as the reference does it.
  int64_t plans = 4;
  // Steps of each plan's sequence, drawn, that the gradient is taken of; 0: all
  int64_t steps = 2;
  double learning_rate = 1e-3;  // decays in equal parts to
  double last_learning_rate = 1e-4;
  double entropy_weight = 0.003;
  double longest_gradient = 1;     // of actor, critic and Selector each
  int64_t slots_per_network = 40;  // then another is generated
  int64_t shards = 2;              // parts of a batch, each with its gradient
  int64_t processes = 2;           // at most `shards`; changes no bit
  int64_t validation_interval = 500;  // iterations
  int64_t validation_slots = 72;      // of each of the 16 networks
  int64_t checkpoint_interval = 500;
};

// Throws InputError for options that do not fit each other.
void CheckOptions(const Net2SeqOptions& options);
// The same for a scenario that does not make another WLAN of one size of every
// seed.
void CheckGenerates(const Scenario& scenario);

}  // namespace airlock
