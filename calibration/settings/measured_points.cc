#include "calibration/settings/measured_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace airlock {
namespace {

constexpr size_t kFewestPoints = 5;

std::string Names(const Trace& trace) {
  std::string names;
  for (const Column& column : trace.columns) {
    names += (names.empty() ? "" : ", ") + column.name;
  }
  return names;
}

// The trace's column, or an error at `key` of the task.
const Column* FindColumn(const TaskFile& task, const std::string& key,
                         const std::string& name, const Trace& trace,
                         Diagnostics* diagnostics) {
  const Column* column = trace.Find(name);
  if (column == nullptr) {
    task.Report(key, "the trace has no column '" + name + "'",
                "it has " + Names(trace), diagnostics);
  }
  return column;
}

bool Meets(const TaskCondition& condition, double value) {
  if (std::isnan(value)) return false;
  if (condition.at_least && value < *condition.at_least) return false;
  if (condition.at_most && value > *condition.at_most) return false;
  return condition.values.empty() ||
         std::find(condition.values.begin(), condition.values.end(), value) !=
             condition.values.end();
}

struct Columns {
  std::vector<const Column*> conditions, inputs, outputs;
  const Column* hold_out = nullptr;
};

Columns FindColumns(const TaskFile& file, const Trace& trace,
                    Diagnostics* diagnostics) {
  const CalibrationTask& task = file.task;
  Columns columns;
  const auto find = [&](const char* list, size_t i, const std::string& name) {
    return FindColumn(file, fmt::format("{}.{}.column", list, i), name, trace,
                      diagnostics);
  };
  for (size_t i = 0; i < task.rows.size(); ++i) {
    columns.conditions.push_back(find("rows", i, task.rows[i].column));
  }
  for (size_t i = 0; i < task.inputs.size(); ++i) {
    columns.inputs.push_back(find("inputs", i, task.inputs[i].column));
  }
  for (size_t i = 0; i < task.outputs.size(); ++i) {
    columns.outputs.push_back(find("outputs", i, task.outputs[i].column));
  }
  if (!task.hold_out.column.empty()) {
    columns.hold_out = trace.Find(task.hold_out.column);
  }
  return columns;
}

// Rows that count: conditions met, inputs there, any output there.
std::vector<size_t> RowsOf(const CalibrationTask& task, const Columns& columns,
                           int64_t samples) {
  std::vector<size_t> rows;
  for (size_t row = 0; row < static_cast<size_t>(samples); ++row) {
    bool good = true;
    for (size_t i = 0; i < task.rows.size(); ++i) {
      good = good && Meets(task.rows[i], columns.conditions[i]->values[row]);
    }
    for (const Column* column : columns.inputs) {
      good = good && !std::isnan(column->values[row]);
    }
    const bool any = std::any_of(
        columns.outputs.begin(), columns.outputs.end(),
        [&](const Column* column) { return !std::isnan(column->values[row]); });
    if (good && any) rows.push_back(row);
  }
  return rows;
}

// Joins rows of equal inputs, in the order of their first.
std::vector<MeasuredPoint> Join(const CalibrationTask& task,
                                const Columns& columns, const Trace& trace,
                                const std::vector<size_t>& rows) {
  std::vector<MeasuredPoint> points;
  std::map<std::vector<double>, size_t> index;
  for (size_t row : rows) {
    std::vector<double> inputs;
    for (const Column* column : columns.inputs) {
      inputs.push_back(column->values[row]);
    }
    const auto [found, fresh] = index.emplace(inputs, points.size());
    if (fresh) {
      points.push_back({inputs,
                        std::vector<std::vector<double>>(task.outputs.size()),
                        trace.time_seconds[row]});
    }
    MeasuredPoint& point = points[found->second];
    for (size_t k = 0; k < task.outputs.size(); ++k) {
      const double value = columns.outputs[k]->values[row];
      if (std::isnan(value)) continue;
      if (task.outputs[k].scale == "logarithm" && !(value > 0)) continue;
      point.values[k].push_back(value);
    }
  }
  return points;
}

// `most` of them, evenly over the order they are in.
void Thin(int64_t most, std::vector<MeasuredPoint>* points) {
  const auto count = static_cast<int64_t>(points->size());
  if (count <= most) return;
  std::vector<MeasuredPoint> kept;
  for (int64_t i = 0; i < most; ++i) {
    kept.push_back(std::move(
        (*points)[static_cast<size_t>((2 * i + 1) * count / (2 * most))]));
  }
  *points = std::move(kept);
}

// Values that neither a key takes nor a setting knows.
void CheckSettings(const TaskFile& file,
                   const std::vector<MeasuredPoint>& points,
                   Diagnostics* diagnostics) {
  for (size_t i = 0; i < file.task.inputs.size(); ++i) {
    const TaskInput& input = file.task.inputs[i];
    if (input.settings.empty()) continue;
    std::map<double, bool> told;
    for (const MeasuredPoint& point : points) {
      const double value = point.inputs[i];
      const bool known =
          std::any_of(input.settings.begin(), input.settings.end(),
                      [&](const TaskSetting& s) { return s.value == value; });
      if (known || told[value]) continue;
      told[value] = true;
      file.Report(fmt::format("inputs.{}.settings", i),
                  fmt::format("the trace has {} = {}, which has no setting",
                              input.column, value),
                  "add it, or leave such rows out under rows", diagnostics);
      break;  // one of them says it
    }
  }
}

}  // namespace

double OnScale(const TaskOutput& output, double value) {
  return output.scale == "linear" ? value : std::log(std::max(value, 1e-300));
}

double OffScale(const TaskOutput& output, double scaled) {
  double value = output.scale == "linear" ? scaled : std::exp(scaled);
  if (output.least) value = std::max(value, *output.least);
  if (output.most) value = std::min(value, *output.most);
  return value;
}

MeasuredPoints CollectPoints(const TaskFile& file, const Trace& trace,
                             Diagnostics* diagnostics) {
  const CalibrationTask& task = file.task;
  MeasuredPoints points;
  Diagnostics found;
  const Columns columns = FindColumns(file, trace, &found);
  const bool bad = found.has_errors();
  diagnostics->Append(std::move(found));
  if (bad) return points;
  const std::vector<size_t> rows = RowsOf(task, columns, trace.samples());
  std::vector<size_t> fit, held;
  const auto split = static_cast<size_t>(std::floor(
      (1 - task.hold_out.last.value()) * static_cast<double>(rows.size())));
  for (size_t i = 0; i < rows.size(); ++i) {
    bool is_held = i >= split;
    if (columns.hold_out != nullptr) {
      const auto& values = task.hold_out.values;
      is_held = std::find(values.begin(), values.end(),
                          columns.hold_out->values[rows[i]]) != values.end();
    }
    (is_held ? held : fit).push_back(rows[i]);
  }
  points.fit_rows = static_cast<int64_t>(fit.size());
  points.held_out_rows = static_cast<int64_t>(held.size());
  points.fit = Join(task, columns, trace, fit);
  points.held_out = Join(task, columns, trace, held);
  for (const auto* part : {&points.fit, &points.held_out}) {
    CheckSettings(file, *part, diagnostics);
    if (part->size() >= kFewestPoints) continue;
    file.Report(
        part == &points.fit ? "rows" : "hold_out",
        fmt::format(
            "{} rows, {} different points {}; at least {} are "
            "needed",
            part == &points.fit ? fit.size() : held.size(), part->size(),
            part == &points.fit ? "to fit to" : "to judge on", kFewestPoints),
        fmt::format("the trace has {} rows", trace.samples()), diagnostics);
  }
  std::stable_sort(points.fit.begin(), points.fit.end(),
                   [](const MeasuredPoint& a, const MeasuredPoint& b) {
                     return a.inputs < b.inputs;
                   });
  Thin(task.fit_points, &points.fit);
  Thin(task.judge_points, &points.held_out);
  return points;
}

Eigen::MatrixXd ScaledInputs(const CalibrationTask& task,
                             const std::vector<MeasuredPoint>& points,
                             const std::vector<MeasuredPoint>& reference) {
  const auto scaled = [](const TaskInput& input, double value) {
    return input.scale == "linear" ? value : std::log(std::max(value, 1e-300));
  };
  Eigen::MatrixXd inputs(static_cast<Eigen::Index>(points.size()),
                         static_cast<Eigen::Index>(task.inputs.size()));
  for (size_t j = 0; j < task.inputs.size(); ++j) {
    double low = scaled(task.inputs[j], reference.front().inputs[j]);
    double high = low;
    for (const MeasuredPoint& point : reference) {
      const double value = scaled(task.inputs[j], point.inputs[j]);
      low = std::min(low, value);
      high = std::max(high, value);
    }
    const double range = high > low ? high - low : 1;
    for (size_t i = 0; i < points.size(); ++i) {
      inputs(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) =
          (scaled(task.inputs[j], points[i].inputs[j]) - low) / range;
    }
  }
  return inputs;
}

}  // namespace airlock
