#pragma once

#include <cstdint>
#include <deque>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "twin/drift/detector.h"
#include "twin/drift/explanation.h"

namespace airlock {

// What an alarm is to those before it.
struct Continuation {
  bool continues = false;    // a repeat: nothing moved that had not been told
  int64_t told_sample = -1;  // of the alarm that told of it; its own if new
  int64_t repeats = 0;       // this one included
};

// The end of a change that an alarm told of.
struct ChangeEnd {
  int64_t sample = 0;
  double time_seconds = 0;
  std::string feature;
  int64_t told_sample = 0;  // of the alarm that told of it
  bool was_missing = false;
  // It left the level that it had moved to. Otherwise there is no sign of the
  // change any more, as where an adaptive window took it for the new normal.
  bool left_level = false;
  int64_t silent_samples = 0;  // without an alarm

  std::string ToText() const;  // one line
  nlohmann::json ToJson() const;
};

// The changes that alarms told of and that are not over. A detector starts
// afresh after an alarm, so a lasting change raises it again and again, about
// one delay of detection apart; each change is to be told once. An alarm
// continues what was told if every feature at its threshold is held, and none
// has moved again:
//   held   from the alarm that shows it as moved, until it is over;
//   moved again   its newest values differ from the first ones after the change
//          by a Mann-Whitney test of the last 6, 12, 25 or 50 against 50 of
//          them, at a level of 1 / ERT over these four; its variance grows by
//          the autocorrelation time, that of the reference or of the 50;
//   over   it has left that level (the same test) and is without an alarm for
//          longer than it took to tell before; or without one for ten times as
//          long; a lost feature: it has values again.
// So a change of spread alone is told again only after it is over. Owns its
// state, never the detector.
class OpenChanges {
 public:
  // A sample that the detector took, with its row of features; `alarmed`:
  // whether it raised an alarm. Returns what is over by it.
  std::vector<ChangeEnd> Take(const DriftDetector& detector, int64_t sample,
                              double seconds, const double* row, bool alarmed);
  // After Take() of a sample with an alarm: what it is to those before, whose
  // changes are held from here on. `explainer` explained it so.
  Continuation Alarm(const DriftDetector& detector, int64_t sample,
                     const Explainer& explainer,
                     const DriftExplanation& explanation);
  void Reset() { held_.clear(); }
  // Features whose change is open, in the order of their alarms.
  std::vector<int64_t> features() const;

  void Save(nlohmann::json* state) const;
  // Throws nlohmann::json::exception or InputError.
  void Load(const nlohmann::json& state, int64_t features);

 private:
  struct Held {
    int64_t feature = 0;
    bool missing = false;
    int64_t told_sample = 0;
    int64_t repeats = 0;
    int64_t silent = 0;           // samples with evidence since the last alarm
    int64_t delay = 0;            // longest until an alarm told of it
    double memory = 1;            // autocorrelation time [samples]
    std::vector<double> level;    // first values since the change
    std::deque<double> newest{};  // of those after
    void Add(double value);
  };
  Held* Find(int64_t feature, bool missing);
  void Hold(Held held);

  std::vector<Held> held_;
};

// Whether the newest values differ from `level`, as above, at `significance`.
// `memory`: autocorrelation time, if `level` has no longer one.
bool HasLeftLevel(const std::vector<double>& level,
                  const std::vector<double>& newest, double memory,
                  double significance);

}  // namespace airlock
