#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace airlock {

// What one detector makes of one stream of numbers: evidence that its
// distribution changed, whose threshold is either classic (from the published
// parameters) or calibrated for an expected run length. Owns its state; never
// the threshold of a calibration, nor what happens after an alarm.
class ChangeStatistic {
 public:
  virtual ~ChangeStatistic() = default;

  // Takes the next value, which is not NaN, and returns the evidence so far:
  // the larger the stronger, comparable with one threshold at all times; NaN
  // while there are too few values.
  virtual double Update(double value) = 0;
  // Told once by the owner before the first value and after Load(): Update()
  // returns at or above `threshold` means alarm. Most statistics need not know.
  virtual void SetThreshold(double /*threshold*/) {}
  // The alarm has been raised; what comes next is the new normal. Most forget
  // everything; an adaptive window keeps its recent part.
  virtual void Restart() { Reset(); }
  // As newly made.
  virtual void Reset() = 0;
  // How many of the newest values belong to the time after the change, by the
  // statistic's own reckoning; -1 if it has none.
  virtual int64_t SamplesSinceChange() const { return -1; }
  // The whole state; a statistic of the same configuration that loads it goes
  // on bit-identically. Load throws nlohmann::json::exception or InputError.
  virtual void Save(nlohmann::json* state) const = 0;
  virtual void Load(const nlohmann::json& state) = 0;
};

// A parameter of a statistic, with the default of its publication.
struct StatisticParameter {
  const char* name;
  double value;
  double minimum;
  double maximum;
  const char* help;  // meaning and unit
};

using StatisticParameters = std::map<std::string, double>;

enum class StreamKind {
  kReal,          // any finite number
  kUnitInterval,  // within [0, 1]
  kBinary,        // 0 or 1
};

// A row of the table of detectors.
struct StatisticEntry {
  const char* name;         // "page-hinkley"
  const char* description;  // one line, with the publication
  StreamKind stream;
  std::vector<StatisticParameter> parameters;
  // `reference` (no NaN, time order; may be empty for statistics that learn
  // from the stream alone) is what no change looks like. Throws InputError.
  std::unique_ptr<ChangeStatistic> (*make)(
      const std::vector<double>& reference,
      const StatisticParameters& parameters);
  // The threshold that the publication's parameters imply, and that of its
  // warning level (infinite if it has none).
  double (*classic_threshold)(const StatisticParameters& parameters);
  double (*classic_warning)(const StatisticParameters& parameters);
};
// Every detector, sorted by name: the one place to add one.
const std::vector<StatisticEntry>& ChangeStatistics();

}  // namespace airlock
