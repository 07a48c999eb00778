#include "agents/noise/noise_options.h"

#include <cmath>
#include <cstdlib>
#include <set>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kMostDelay = 1000;

void CheckLevel(const NoiseRow& row, double level) {
  const bool whole = row.whole != nullptr;
  const bool good = level >= row.low && level <= row.high &&
                    (!whole || level == std::floor(level));
  if (good) return;
  throw InputError(fmt::format(
      "noise '{}': a level of {}; allowed {}{} to {}", row.name, level,
      whole ? "whole numbers from " : "", row.low, row.high));
}

const NoiseRow& NoiseNamed(const std::string& name) {
  std::string known;
  for (const NoiseRow& row : NoiseKinds()) {
    if (name == row.name) return row;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  throw InputError(
      fmt::format("no such noise: '{}'; known kinds: {}", name, known));
}

}  // namespace

const std::vector<NoiseRow>& NoiseKinds() {
  static const std::vector<NoiseRow> kRows = {
      {"rssi_bias_db", "dB", -100, 100, "added to every value in dBm",
       &NoiseOptions::rssi_bias_db},
      {"rssi_noise_db", "dB", 0, 100,
       "standard deviation of an error of every value in dBm",
       &NoiseOptions::rssi_noise_db},
      {"counter_noise", "1", 0, 10,
       "standard deviation of an error of every other value, as its share",
       &NoiseOptions::counter_noise},
      {"missing_neighbours", "1", 0, 1, "probability that an RSSI is not there",
       &NoiseOptions::missing_neighbours},
      {"dropout", "1", 0, 1, "probability that a value is not there",
       &NoiseOptions::dropout},
      {"staleness", "1", 0, 1,
       "probability that a value is the one of the decision before",
       &NoiseOptions::staleness},
      {"delay", "decisions", 0, kMostDelay, "how late what is seen comes",
       nullptr, &NoiseOptions::delay},
      {"forecast_error", "1", 0, 10,
       "standard deviation of an error of the loads to come, as its share",
       &NoiseOptions::forecast_error},
      {"action_failure", "1", 0, 1,
       "probability that a choice is not carried out",
       &NoiseOptions::action_failure},
      {"action_delay", "decisions", 0, kMostDelay,
       "how late an action is carried out", nullptr,
       &NoiseOptions::action_delay},
      {"reward_noise", "1", 0, 1e6,
       "standard deviation of an error of the reward",
       &NoiseOptions::reward_noise},
  };
  return kRows;
}

double NoiseRow::LevelIn(const NoiseOptions& options) const {
  return real != nullptr ? options.*real : static_cast<double>(options.*whole);
}

void CheckNoise(const NoiseOptions& options) {
  for (const NoiseRow& row : NoiseKinds()) {
    CheckLevel(row, row.LevelIn(options));
  }
}

NoiseOptions ParseNoise(const std::vector<std::string>& items, uint64_t seed) {
  NoiseOptions options;
  options.seed = seed;
  std::set<std::string> seen;
  for (const std::string& item : items) {
    const size_t equals = item.find('=');
    const std::string name = item.substr(0, equals);
    const NoiseRow& row = NoiseNamed(name);
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
    CheckLevel(row, level);
    if (row.whole != nullptr) {
      options.*row.whole = static_cast<int64_t>(level);
    } else {
      options.*row.real = level;
    }
  }
  return options;
}

std::vector<std::string> NoiseItems(const NoiseOptions& options) {
  std::vector<std::string> items;
  for (const NoiseRow& row : NoiseKinds()) {
    const double level = row.LevelIn(options);
    if (level != 0) items.push_back(fmt::format("{}={}", row.name, level));
  }
  return items;
}

}  // namespace airlock
