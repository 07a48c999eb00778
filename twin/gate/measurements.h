#pragma once

#include <string>
#include <vector>

#include "twin/gate/evidence.h"

namespace airlock {

// KPIs that were measured elsewhere, in a canary say, as a CSV with a header
// and one row a measurement:
//
//   replication,model,time [s],latency_p99 [ms],errors [1]
//   1,stable,0,2.31,0
//   1,canary,0,2.40,0
//
// `model` holds the names of candidate and incumbent; rows with the same
// `replication` belong together. `time` may be missing. Every other column is a
// KPI with its unit in brackets; values are converted to base units. An empty
// cell, NA or NaN is a measurement that was not had.
struct MeasuredTable {
  std::vector<KpiSamples> kpis;  // of the models "candidate" and "incumbent"
  // What is wrong with the measurements themselves, in words: a clock that goes
  // back, a model without rows. Never a pass.
  std::vector<std::string> faults;
};

// Throws InputError with line and column for what is no such table: a column
// that is missing, without a unit or with an unknown one, a model that is
// neither of the two, two rows of one model and replication with one time.
MeasuredTable ReadMeasurements(const std::string& path,
                               const std::string& candidate,
                               const std::string& incumbent);

}  // namespace airlock
