#include "calibration/settings/calibration_task.h"

#include <cmath>
#include <utility>

#include "sim/config/fields.h"

namespace airlock {
namespace {

const std::vector<std::string> kScales = {"linear", "logarithm"};

void CheckInput(const TaskInput& input, const Reporter& report) {
  if (!input.keys.empty() || !input.settings.empty()) return;
  report.Error("", "the column sets nothing in the scenario",
               "name keys or settings");
}

void CheckParameter(const TaskParameter& parameter, const Reporter& report) {
  if (!(parameter.low < parameter.high)) {
    report.Error("low", "is not below high");
  } else if (parameter.scale == "logarithm" && !(parameter.low > 0)) {
    report.Error("low", "is not above 0, which a logarithmic scale needs",
                 "write scale: linear");
  }
}

void CheckOutput(const TaskOutput& output, const Reporter& report) {
  if (output.least && output.most && !(*output.least < *output.most)) {
    report.Error("least", "is not below most");
  }
}

void CheckHoldOut(const TaskHoldOut& hold_out, const Reporter& report) {
  if (hold_out.column.empty() == hold_out.values.empty()) return;
  report.Error("column", "goes with values, and values with a column");
}

void CheckTask(const CalibrationTask& task, const Reporter& report) {
  if (task.hold_out.column.empty()) return;
  for (const TaskInput& input : task.inputs) {
    if (input.column == task.hold_out.column) return;
  }
  report.Error("hold_out.column",
               "'" + task.hold_out.column + "' is no input of the task",
               "rows are held out by what the twin is told of them");
}

std::optional<TaskFile> Read(std::optional<Document> document,
                             Diagnostics* found, Diagnostics* diagnostics) {
  auto task = ReadConfig<CalibrationTask>(document, found);
  diagnostics->Append(std::move(*found));
  if (!task) return std::nullopt;
  return TaskFile{std::move(*task),
                  std::make_shared<const Document>(std::move(*document))};
}

}  // namespace

void DeclareFields(Fields<TaskCondition>& f) {
  using T = TaskCondition;
  f.Add("column", &T::column, "Of the trace.").Required().NotEmpty();
  f.Add("values", &T::values, "One of these; empty: any.");
  f.Add("at_least", &T::at_least, "And not less.");
  f.Add("at_most", &T::at_most, "And not more.");
}

void DeclareFields(Fields<TaskSetting>& f) {
  using T = TaskSetting;
  f.Add("value", &T::value, "Of the column.").Required();
  f.Add("set", &T::set, "Keys of the scenario and their values as YAML.")
      .Required();
}

void DeclareFields(Fields<TaskInput>& f) {
  using T = TaskInput;
  f.Add("column", &T::column, "Of the trace.").Required().NotEmpty();
  f.Add("keys", &T::keys, "Of the scenario: get factor times the value.");
  f.Add("unit", &T::unit, "As the keys take it; empty: a bare number.");
  f.Add("factor", &T::factor, "From the column's unit to the keys'.");
  f.Add("step", &T::step, "The keys get multiples of it; 0: any value.")
      .AtLeast(0);
  f.Add("settings", &T::settings, "What each value of the column sets.")
      .UniqueBy("value");
  f.Add("scale", &T::scale, "On which rows are near or far.").OneOf(kScales);
  f.Check(CheckInput);
}

void DeclareFields(Fields<TaskParameter>& f) {
  using T = TaskParameter;
  f.Add("name", &T::name, "In the profile.").Required().AsName();
  f.Add("keys", &T::keys, "Of the scenario, which all get the value.")
      .Required()
      .NotEmpty();
  f.Add("unit", &T::unit, "As the keys take it; empty: a bare number.");
  f.Add("low", &T::low, "Lower end of what is possible.").Required();
  f.Add("high", &T::high, "Upper end.").Required();
  f.Add("step", &T::step, "The keys get multiples of it; 0: any value.")
      .AtLeast(0);
  f.Add("scale", &T::scale, "On which all values are equally likely.")
      .OneOf(kScales);
  f.Check(CheckParameter);
}

void DeclareFields(Fields<TaskOutput>& f) {
  using T = TaskOutput;
  f.Add("column", &T::column, "Of the trace.").Required().NotEmpty();
  f.Add("metric", &T::metric, "Of a run of the scenario.")
      .Required()
      .NotEmpty();
  f.Add("scale", &T::scale, "On which they are compared.").OneOf(kScales);
  f.Add("tolerance", &T::tolerance,
        "By how much a good twin may be off, one standard deviation; of the "
        "value on a linear scale, relative on a logarithmic one.")
      .Required()
      .MoreThan(0);
  f.Add("least", &T::least, "That the column can be.");
  f.Add("most", &T::most, "That the column can be.");
  f.Check(CheckOutput);
}

void DeclareFields(Fields<TaskHoldOut>& f) {
  using T = TaskHoldOut;
  f.Add("column", &T::column, "Rows with one of the values; empty: the last.");
  f.Add("values", &T::values, "Of the column.");
  f.Add("last", &T::last, "Without a column: share of the rows, in time order.")
      .Between(Ratio{0.1}, Ratio{0.9});
  f.Check(CheckHoldOut);
}

void DeclareFields(Fields<CalibrationTask>& f) {
  using T = CalibrationTask;
  f.Add("schema", &T::schema, "Version of this format.")
      .Required()
      .Between(1, 1);
  f.Add("name", &T::name, "Of the task.").Required().AsName();
  f.Add("description", &T::description, "For people.");
  f.Add("rows", &T::rows, "Conditions on the trace's rows; all must hold.");
  f.Add("inputs", &T::inputs, "Under which circumstances a row was measured.")
      .Required()
      .NotEmpty()
      .UniqueBy("column");
  f.Add("parameters", &T::parameters, "What is sought.")
      .Required()
      .NotEmpty()
      .UniqueBy("name");
  f.Add("outputs", &T::outputs, "What is compared.")
      .Required()
      .NotEmpty()
      .UniqueBy("column");
  f.Add("hold_out", &T::hold_out, "Rows that only judge.");
  f.Add("fit_points", &T::fit_points,
        "At most so many different circumstances are fitted, evenly chosen.")
      .Between(3, 2000);
  f.Add("judge_points", &T::judge_points, "At most so many are judged.")
      .Between(3, 5000);
  f.Add("waves", &T::waves, "Of history matching.").Between(1, 20);
  f.Add("draws", &T::draws, "Of the posterior, run at each held-out point.")
      .Between(5, 1000);
  f.Check({"hold_out", "inputs"}, CheckTask);
}

double TaskParameter::ValueOf(double u) const {
  return ToStep(scale == "linear" ? low + u * (high - low)
                                  : low * std::pow(high / low, u),
                step);
}

double ToStep(double value, double step) {
  return step > 0 ? std::round(value / step) * step : value;
}

void TaskFile::Report(const std::string& key, const std::string& message,
                      const std::string& hint, Diagnostics* diagnostics) const {
  Reporter(&document->root, "", diagnostics).Error(key, message, hint);
}

std::optional<TaskFile> LoadCalibrationTask(const std::string& path,
                                            Diagnostics* diagnostics) {
  Diagnostics found;
  return Read(ReadDocument(path, {}, &found), &found, diagnostics);
}

std::optional<TaskFile> ParseCalibrationTask(const std::string& text,
                                             const std::string& name,
                                             Diagnostics* diagnostics) {
  Diagnostics found;
  return Read(ReadDocumentText(text, name, "", {}, &found), &found,
              diagnostics);
}

std::string CalibrationTaskKeyReference() {
  return KeyReference<CalibrationTask>();
}

}  // namespace airlock
