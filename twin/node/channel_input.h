#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/engine/simulation.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// What is wrong with the values of one sample.
struct SampleFaults {
  double missing_share = 0;  // of the values that planners need
  std::string missing;       // the first of them
  double outside_share = 0;  // of the values that are there
  std::string outside;       // the first, with value and range
};

// Makes a controller's observations of a source's samples, with the columns of
// sim/telemetry/wlan_columns.h: of one decision interval the mean of what was
// measured, missing values left out, and the last of what is configured. Owns
// the samples of the interval under way, added up.
class ChannelInput {
 public:
  explicit ChannelInput(std::vector<std::string> access_points)
      : access_points_(std::move(access_points)) {}

  // The stream's columns from here on. Throws InputError that names: a column
  // that planners need and the source has not (channel, width and load of every
  // access point; where there are several, who hears whom), an access point
  // that the network has not.
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
    bool configured = false;
    bool needed = false;
    double low = 0;  // range of what can be
    double high = 0;
    Sum sum;
  };

  const std::vector<std::string> access_points_;
  std::vector<Bound> columns_;
  int64_t taken_ = 0;
};

}  // namespace airlock
