#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "twin/forecast/feature.h"

namespace airlock {

// Rows that are not learnt from, and why.
struct DroppedRows {
  std::string reason;
  int64_t rows = 0;
};

// What preparation did with the training part, for the record: every row and
// column that it left out has its reason here.
struct PreparationRecord {
  std::vector<DroppedColumn> dropped;     // by selection or preparation
  std::vector<DroppedRows> dropped_rows;  // each row once, by the first reason
  int64_t rows_without_target = 0;        // of dropped_rows
  int64_t training_rows = 0;              // that were kept
  int64_t imputed_values = 0;             // in the rows kept
  int64_t clock_offset = 0;               // of ForecastProblem, samples
  // Findings that dropped nothing: counters that were counted for a small share
  // of the time, ...
  std::vector<std::string> notes;

  // A few lines; columns with the same kind of reason share one.
  std::string ToText() const;
  // One object with the members' names; FromJson throws InputError for a text
  // that ToJson did not make.
  std::string ToJson() const;
  static PreparationRecord FromJson(const std::string& text);
};

}  // namespace airlock
