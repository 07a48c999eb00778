#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/base/units.h"

namespace airlock {

struct Document;

// Rows of the trace that count: all conditions hold. A missing value meets
// none.
struct TaskCondition {
  std::string column;
  std::vector<double> values;  // one of these; empty: any
  std::optional<double> at_least;
  std::optional<double> at_most;
};

// What a value of an input sets, where it is no number that a key could take:
// key -> YAML.
struct TaskSetting {
  double value = 0;
  std::map<std::string, std::string> set;
};

// A column that says under which circumstances a row was measured.
struct TaskInput {
  std::string column;
  std::vector<std::string> keys;  // get factor * value, in `unit`
  std::string unit;
  double factor = 1;
  double step = 0;                    // keys get multiples of it; 0: any value
  std::vector<TaskSetting> settings;  // instead of or beside the keys
  // How far apart two rows are, to the discrepancy: by difference or by ratio.
  std::string scale = "linear";  // linear logarithm
};

// A number of the scenario that is sought, uniform on its scale before.
struct TaskParameter {
  std::string name;
  std::vector<std::string> keys;  // which all get it
  std::string unit;
  double low = 0;
  double high = 1;
  double step = 0;                  // the keys get multiples of it; 0: any
  std::string scale = "logarithm";  // linear logarithm

  // At a point of the unit cube, as the keys get it.
  double ValueOf(double unit_cube) const;
};

// A column that is compared with a metric of the engine.
struct TaskOutput {
  std::string column;
  std::string metric;
  std::string scale = "linear";  // linear logarithm
  // By how much a good twin may be off, one standard deviation: in the column's
  // unit, or a ratio on a logarithmic scale.
  double tolerance = 0;
  std::optional<double> least;  // that the column can be
  std::optional<double> most;
};

// Rows that only judge.
struct TaskHoldOut {
  std::string column;  // with one of these values; empty: the last rows
  std::vector<double> values;
  Ratio last{0.4};  // of the rows, in time order
};

// How keys of a scenario are to be fitted to the rows of a trace: a file of its
// own, beside scenario and trace.
struct CalibrationTask {
  int64_t schema = 1;
  std::string name;
  std::string description;
  std::vector<TaskCondition> rows;
  std::vector<TaskInput> inputs;
  std::vector<TaskParameter> parameters;
  std::vector<TaskOutput> outputs;
  TaskHoldOut hold_out;
  int64_t fit_points = 80;    // at most, evenly over the inputs
  int64_t judge_points = 80;  // at most
  int64_t waves = 3;
  int64_t draws = 20;  // of the posterior, run at every held-out point
};

// The nearest multiple of `step`; the value itself for step 0.
double ToStep(double value, double step);

// A task that was read, with the places where its keys stand.
struct TaskFile {
  CalibrationTask task;
  std::shared_ptr<const Document> document;

  // Adds an error at "inputs.0.column".
  void Report(const std::string& key, const std::string& message,
              const std::string& hint, Diagnostics* diagnostics) const;
};

// Nothing if there is any error. Throws nothing.
std::optional<TaskFile> LoadCalibrationTask(const std::string& path,
                                            Diagnostics* diagnostics);
std::optional<TaskFile> ParseCalibrationTask(const std::string& text,
                                             const std::string& name,
                                             Diagnostics* diagnostics);
// Markdown with every key.
std::string CalibrationTaskKeyReference();

}  // namespace airlock
