// Updates per second of every change statistic on one core, on a stream without
// change and at the classic threshold (restarted after an alarm), with the size
// of the saved state. Those that need a reference get 1000 values. Processor
// time, the best of several rounds, because other programs only ever slow one
// down. An argument sets the number of updates.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "twin/drift/change_statistic.h"

namespace airlock {
namespace {

std::vector<double> NoChange(StreamKind kind, const char* name,
                             size_t samples) {
  RngStream rng =
      RngTree(1).Stream(std::string("benchmark/") + name, Replication(0));
  std::vector<double> stream;
  for (size_t i = 0; i < samples; ++i) {
    const bool real = kind == StreamKind::kReal;
    stream.push_back(real ? rng.Normal(0, 1) : rng.Uniform() < 0.2 ? 1 : 0);
  }
  return stream;
}

// Without reference, where the statistic can do without.
std::unique_ptr<ChangeStatistic> Make(const StatisticEntry& entry,
                                      const std::vector<double>& reference) {
  try {
    return entry.make({}, {});
  } catch (const InputError&) {
    return entry.make(reference, {});
  }
}

void Measure(const StatisticEntry& entry, size_t samples) {
  const std::vector<double> reference =
      NoChange(entry.stream, "reference", 1000);
  const std::vector<double> stream = NoChange(entry.stream, "stream", samples);
  const double threshold = entry.classic_threshold({});
  double best = 0;
  size_t alarms = 0;
  size_t state_bytes = 0;
  for (int round = 0; round < 5; ++round) {
    const auto statistic = Make(entry, reference);
    statistic->SetThreshold(threshold);
    alarms = 0;
    const std::clock_t begin = std::clock();
    for (const double value : stream) {
      if (!(statistic->Update(value) >= threshold)) continue;
      ++alarms;
      statistic->Restart();
    }
    const double seconds =
        static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    best = std::max(best, static_cast<double>(samples) / seconds);
    nlohmann::json state;
    statistic->Save(&state);
    state_bytes = state.dump().size();
  }
  const double per_thousand =
      1000.0 * static_cast<double>(alarms) / static_cast<double>(samples);
  fmt::print("{:<24} {:>9.2f} {:>9.1f} {:>12.3f} {:>9}\n", entry.name,
             best / 1e6, 1e9 / best, per_thousand, state_bytes);
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) {
  const size_t samples =
      argc > 1 ? static_cast<size_t>(std::strtoull(argv[1], nullptr, 10))
               : 1000000;
  fmt::print("{:<24} {:>9} {:>9} {:>12} {:>9}\n", "statistic", "M/s",
             "ns/update", "alarms/1000", "state B");
  for (const auto& entry : airlock::ChangeStatistics()) {
    airlock::Measure(entry, samples);
  }
}
