#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace airlock {

// What stands between a network and who plans it, while training or while
// testing. Names and meanings as `controller.observation` of a scenario where
// they are there too; drawn anew at every decision. All zero: nothing.
struct NoiseOptions {
  // What is seen.
  double rssi_bias_db = 0;        // added to every value in dBm
  double rssi_noise_db = 0;       // standard deviation of an error on top
  double counter_noise = 0;       // the same of every other value, as its share
  double missing_neighbours = 0;  // probability that an RSSI is not there
  double dropout = 0;             // probability that a value is not there
  double staleness = 0;           // probability that it is the one before
  int64_t delay = 0;              // decisions that what is seen is late
  double forecast_error = 0;      // as counter_noise, of loads to come
  // What is done.
  double action_failure = 0;  // probability that a choice is not carried out
  int64_t action_delay = 0;   // decisions that an action is late
  // What is learnt from.
  double reward_noise = 0;  // standard deviation of an error of the reward
  uint64_t seed = 1;        // of all draws
};

// One of them, by name.
struct NoiseRow {
  const char* name;
  const char* unit;
  double low;
  double high;
  const char* description;
  // Its level, one of the two; `whole` has whole numbers only.
  double NoiseOptions::*real = nullptr;
  int64_t NoiseOptions::*whole = nullptr;

  double LevelIn(const NoiseOptions& options) const;
};
// All but the seed, in the order of NoiseOptions.
const std::vector<NoiseRow>& NoiseKinds();

// Of items "NAME=LEVEL", such as "rssi_noise_db=4". Throws InputError for an
// unknown name, a level that is no number or out of range (with what is
// allowed), or a name that comes twice.
NoiseOptions ParseNoise(const std::vector<std::string>& items, uint64_t seed);
// Throws InputError as ParseNoise() for a level out of range.
void CheckNoise(const NoiseOptions& options);
// The items of ParseNoise() that are not zero; none: there is no noise.
std::vector<std::string> NoiseItems(const NoiseOptions& options);

}  // namespace airlock
