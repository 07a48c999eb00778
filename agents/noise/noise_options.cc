#include "agents/noise/noise_options.h"

#include <cmath>
#include <cstdlib>
#include <set>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kMostDelay = 1000;

// Where the level of a kind is: one of the two is set.
struct Level {
  double* real = nullptr;
  int64_t* whole = nullptr;

  double value() const {
    return real != nullptr ? *real : static_cast<double>(*whole);
  }
};

// In the order of NoiseKinds().
std::vector<Level> LevelsOf(NoiseOptions* options) {
  return {{&options->rssi_bias_db, nullptr},
          {&options->rssi_noise_db, nullptr},
          {&options->counter_noise, nullptr},
          {&options->missing_neighbours, nullptr},
          {&options->dropout, nullptr},
          {&options->staleness, nullptr},
          {nullptr, &options->delay},
          {&options->forecast_error, nullptr},
          {&options->action_failure, nullptr},
          {nullptr, &options->action_delay},
          {&options->reward_noise, nullptr}};
}

void CheckLevel(const NoiseRow& row, double level, bool whole) {
  const bool good = level >= row.low && level <= row.high &&
                    (!whole || level == std::floor(level));
  if (good) return;
  throw InputError(fmt::format(
      "noise '{}': a level of {}; allowed {}{} to {}", row.name, level,
      whole ? "whole numbers from " : "", row.low, row.high));
}

}  // namespace

const std::vector<NoiseRow>& NoiseKinds() {
  static const std::vector<NoiseRow> kRows = {
      {"rssi_bias_db", "dB", -100, 100, "added to every value in dBm"},
      {"rssi_noise_db", "dB", 0, 100,
       "standard deviation of an error of every value in dBm"},
      {"counter_noise", "1", 0, 10,
       "standard deviation of an error of every other value, as its share"},
      {"missing_neighbours", "1", 0, 1,
       "probability that an RSSI is not there"},
      {"dropout", "1", 0, 1, "probability that a value is not there"},
      {"staleness", "1", 0, 1,
       "probability that a value is the one of the decision before"},
      {"delay", "decisions", 0, kMostDelay, "how late what is seen comes"},
      {"forecast_error", "1", 0, 10,
       "standard deviation of an error of the loads to come, as its share"},
      {"action_failure", "1", 0, 1,
       "probability that a choice is not carried out"},
      {"action_delay", "decisions", 0, kMostDelay,
       "how late an action is carried out"},
      {"reward_noise", "1", 0, 1e6,
       "standard deviation of an error of the reward"},
  };
  return kRows;
}

void CheckNoise(const NoiseOptions& options) {
  NoiseOptions copy = options;
  const std::vector<Level> levels = LevelsOf(&copy);
  for (size_t k = 0; k < levels.size(); ++k) {
    CheckLevel(NoiseKinds()[k], levels[k].value(), levels[k].whole != nullptr);
  }
}

NoiseOptions ParseNoise(const std::vector<std::string>& items, uint64_t seed) {
  NoiseOptions options;
  options.seed = seed;
  const std::vector<Level> levels = LevelsOf(&options);
  std::set<std::string> seen;
  for (const std::string& item : items) {
    const size_t equals = item.find('=');
    const std::string name = item.substr(0, equals);
    std::string known;
    size_t k = 0;
    for (; k < levels.size() && name != NoiseKinds()[k].name; ++k) {
      known += (k > 0 ? ", " : "") + std::string(NoiseKinds()[k].name);
    }
    if (k == levels.size()) {
      throw InputError(
          fmt::format("no such noise: '{}'; known kinds: {}", name, known));
    }
    if (!seen.insert(name).second) {
      throw InputError(fmt::format("noise '{}' is given twice", name));
    }
    const std::string text =
        equals == std::string::npos ? "" : item.substr(equals + 1);
    char* end = nullptr;
    const double level = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0') {
      throw InputError(fmt::format("noise '{}': '{}' is no level; write {}=1",
                                   name, text, name));
    }
    CheckLevel(NoiseKinds()[k], level, levels[k].whole != nullptr);
    if (levels[k].whole != nullptr) {
      *levels[k].whole = static_cast<int64_t>(level);
    } else {
      *levels[k].real = level;
    }
  }
  return options;
}

std::vector<std::string> NoiseItems(const NoiseOptions& options) {
  NoiseOptions copy = options;
  const std::vector<Level> levels = LevelsOf(&copy);
  std::vector<std::string> items;
  for (size_t k = 0; k < levels.size(); ++k) {
    if (levels[k].value() == 0) continue;
    items.push_back(
        fmt::format("{}={}", NoiseKinds()[k].name, levels[k].value()));
  }
  return items;
}

}  // namespace airlock
