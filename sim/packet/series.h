#pragma once

#include <string>
#include <vector>

#include "sim/base/units.h"
#include "sim/engine/simulation.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// A column without values, as a part of a scene declares it.
Column KpiColumn(const std::string& name, const std::string& unit,
                 const std::string& description);
// Named SCOPE.ID.METRIC, e.g. "interface.leaf0-host3.queue_mean".
Column CounterColumn(Scope scope, const std::string& scope_id,
                     const std::string& metric, const std::string& unit,
                     const std::string& description);

// Collects the time series of one replication.
class SeriesRecorder {
 public:
  // `columns` without values, unique names.
  explicit SeriesRecorder(const std::vector<Column>& columns);

  // The sample of the interval that ends at `end`: one value a column.
  void Append(SimTime end, const std::vector<double>& values);

  // The length of the warm-up by MSER-5 (White, Simulation 1997): the longest
  // over the named columns, a whole number of samples, at most half the series.
  // Zero for no columns or fewer than 20 samples. NaN counts as 0.
  SimTime Warmup(const std::vector<std::string>& columns) const;
  // The first sample whose interval begins at or after `warmup`.
  int64_t FirstAfter(SimTime warmup) const;

  const Trace& trace() const { return trace_; }

 private:
  Trace trace_;
  std::vector<SimTime> ends_;
};

// The values by the columns' names.
Observation MakeObservation(SimTime time, const std::vector<Column>& columns,
                            const std::vector<double>& values);

// Mean of the finite values of samples [first, end); NaN if there are none.
double MeanFrom(const Column& column, int64_t first);

}  // namespace airlock
