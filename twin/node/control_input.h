#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/engine/simulation.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// What is wrong with the values of one sample.
struct SampleFaults {
  double missing_share = 0;  // of the values that agents need
  std::string missing;       // the first of them
  double outside_share = 0;  // of the values that are there
  std::string outside;       // the first, with value and range
};

// What becomes of a column's values over the samples of a decision.
enum class OverSamples { kMean, kLast, kSum };

struct ColumnRule {
  OverSamples over = OverSamples::kLast;
  bool needed = false;  // a sample without a value is doubtful
  double low = 0;       // range of what can be
  double high = 0;
};

// What a kind of site makes of a source's columns.
struct InputRules {
  // Throws InputError that names what the source lacks, or has too much.
  std::function<void(const Trace& columns)> check;
  std::function<ColumnRule(const std::string& column)> rule;
};

// Makes a controller's observations of a source's samples, missing values left
// out. Owns the samples of the interval under way, added up.
class ControlInput {
 public:
  explicit ControlInput(InputRules rules) : rules_(std::move(rules)) {}

  // The stream's columns from here on. Throws what the rules' check throws.
  void Bind(const Trace& columns);
  // Takes sample `index` of `samples`.
  SampleFaults Take(const Trace& samples, int64_t index);
  int64_t taken() const { return taken_; }  // since the last Finish()
  // What a controller observes at `seconds`; the next interval begins.
  Observation Finish(double seconds);

 private:
  struct Sum {
    double total = 0;
    int64_t count = 0;
    double last = 0;  // that was not missing
  };
  struct Bound {
    std::string name;
    ColumnRule rule;
    Sum sum;
  };

  const InputRules rules_;
  std::vector<Bound> columns_;
  int64_t taken_ = 0;
};

// Parts of the rules' checks: adds to `*list` as "'NAME' (it has 'NEAREST')"
// each name that is not known.
void AddMissing(const std::vector<std::string>& names,
                const std::vector<std::string>& known, std::string* list);
// " (it has 'NEAREST')", or nothing.
std::string NearestText(const std::string& name,
                        const std::vector<std::string>& known);

}  // namespace airlock
