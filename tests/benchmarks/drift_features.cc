// Seconds for 600 features of 1000 samples, fed sample by sample, with each
// statistic that watches any real stream, at its classic threshold; and with
// the whole default detector. Processor time.
#include <fmt/format.h>

#include <cmath>
#include <ctime>
#include <memory>
#include <vector>

#include "sim/base/rng.h"
#include "twin/drift/change_statistic.h"
#include "twin/drift/detector.h"

namespace airlock {
namespace {

constexpr int64_t kReference = 1000;
constexpr int64_t kFeatures = 600;
constexpr int64_t kSamples = 1000;

std::vector<double> Normals(int64_t count, int64_t replication) {
  RngStream rng = RngTree(1).Stream("benchmark", Replication(replication));
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(rng.Normal(0, 1));
  return values;
}

double Seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// References differ by feature, so that tables do not share the cache.
void PrintStatistic(const StatisticEntry& entry,
                    const std::vector<double>& rows) {
  const double threshold = entry.classic_threshold({});
  std::vector<std::unique_ptr<ChangeStatistic>> bank;
  double making = 0;
  for (int64_t j = 0; j < kFeatures; ++j) {
    const std::vector<double> reference = Normals(kReference, j);
    const double start = Seconds();
    bank.push_back(entry.make(reference, {}));
    bank.back()->SetThreshold(threshold);
    making += Seconds() - start;
  }
  const double start = Seconds();
  const double* value = rows.data();
  for (int64_t t = 0; t < kSamples; ++t) {
    for (const auto& statistic : bank) {
      if (statistic->Update(*value++) >= threshold) statistic->Restart();
    }
  }
  fmt::print("{:<26}{:>10.3f}{:>10.3f}\n", entry.name, Seconds() - start,
             making);
}

void PrintDetector(const std::vector<double>& rows) {
  DriftReference reference;
  for (int64_t j = 0; j < kFeatures; ++j) {
    reference.features.push_back(fmt::format("f{}", j));
  }
  reference.values = Normals(kReference * kFeatures, kFeatures);
  DriftOptions options;
  options.classic = true;  // no simulation
  options.conditioning = Conditioning::kScores;
  const auto detector = CalibrateDriftDetector(reference, options);
  const double start = Seconds();
  for (int64_t t = 0; t < kSamples; ++t) {
    detector->Update(&rows[static_cast<size_t>(t * kFeatures)]);
  }
  fmt::print("{:<26}{:>10.3f}\n", "detector " + options.detector,
             Seconds() - start);
}

}  // namespace
}  // namespace airlock

int main() {
  using namespace airlock;
  const std::vector<double> rows = Normals(kFeatures * kSamples, -1);
  fmt::print("{:<26}{:>10}{:>10}\n", "600 x 1000", "updates, s", "making, s");
  for (const StatisticEntry& entry : ChangeStatistics()) {
    if (entry.stream == StreamKind::kReal) PrintStatistic(entry, rows);
  }
  PrintDetector(rows);
}
