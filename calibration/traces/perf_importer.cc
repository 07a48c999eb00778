#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "calibration/traces/csv.h"
#include "calibration/traces/importers.h"
#include "calibration/traces/numeric_table.h"
#include "calibration/traces/perf_stream.h"
#include "calibration/traces/schema.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// Units that perf prints between value and event (perf-stat(1), CSV FORMAT;
// units of the software, RAPL, uncore and msr events).
constexpr const char* kPerfUnits[] = {"msec", "ns",  "Joules", "Bytes", "KiB",
                                      "MiB",  "GiB", "C",      "%",     "mW"};

// What stands between the time and the run time, fixed by the first line. With
// perf before 3.14 there is no unit; with -A, --per-socket and the like an id
// comes first, in some modes followed by the number of CPUs summed up; with
// --for-each-cgroup the group follows the event.
struct Layout {
  bool has_id = false;
  bool has_cpu_count = false;
  bool has_unit = true;
  bool has_cgroup = false;
  bool has_running = false;

  bool operator==(const Layout& other) const {
    return has_id == other.has_id && has_cpu_count == other.has_cpu_count &&
           has_unit == other.has_unit && has_cgroup == other.has_cgroup &&
           has_running == other.has_running;
  }
};

struct PerfLine {
  Layout layout;
  std::string id;
  double value = kMissing;  // missing: not counted or not supported
  bool not_supported = false;
  std::string unit;
  std::string event;
  std::string cgroup;
  double running_percent = kMissing;
};

bool IsNumber(std::string_view text) {
  double ignored = 0;
  return ParseNumber(text, &ignored);
}

bool IsValue(std::string_view text) {
  return IsNumber(text) || text == "<not counted>" || text == "<not supported>";
}

bool IsPerfUnit(std::string_view text) {
  return std::any_of(std::begin(kPerfUnits), std::end(kPerfUnits),
                     [&](const char* unit) { return text == unit; });
}

// True for "S0", "S0-D0", "S0-D0-C1", "N0": perf writes behind these how many
// CPUs it summed up.
bool SumsUpCpus(std::string_view id) {
  return id.size() > 1 && (id[0] == 'S' || id[0] == 'N') &&
         id.find_first_not_of("0123456789-SDCN") == std::string_view::npos;
}

// Walks over the cells of one line.
class PerfLineReader {
 public:
  PerfLineReader(const CsvReader& reader, const std::vector<CsvCell>& cells)
      : reader_(reader), cells_(cells) {}
  PerfLine Read();

 private:
  std::string_view Text(size_t i) const {
    return i < cells_.size() ? cells_[i].text : std::string_view();
  }
  [[noreturn]] void Fail(const std::string& message) const {
    reader_.Fail(at_ < cells_.size() ? cells_[at_].column : 0, message);
  }
  void ReadId(PerfLine* line);
  void ReadValue(PerfLine* line);
  void ReadUnitAndEvent(PerfLine* line);
  void ReadRunning(PerfLine* line);

  const CsvReader& reader_;
  const std::vector<CsvCell>& cells_;
  size_t at_ = 1;  // behind the time
};

void PerfLineReader::ReadId(PerfLine* line) {
  if (IsValue(Text(at_))) return;
  if (IsMissing(Text(at_))) {
    Fail(fmt::format("expected a counter value, found {}", Quoted(Text(at_))));
  }
  line->layout.has_id = true;
  line->id = std::string(Text(at_++));
  int64_t cpus = 0;
  // "S0,2,601.24,msec,...": the number of CPUs, then the value. "CPU0,2,,..."
  // has the value at once, then a unit, which is never a value.
  if (ParseInteger(Text(at_), &cpus) && IsValue(Text(at_ + 1))) {
    line->layout.has_cpu_count = true;
    ++at_;
  } else if (SumsUpCpus(line->id)) {
    Fail("expected the number of CPUs and then a counter value");
  }
}

void PerfLineReader::ReadValue(PerfLine* line) {
  if (!IsValue(Text(at_))) {
    Fail(
        fmt::format("expected a counter value, <not counted> or <not "
                    "supported>, found {}",
                    Quoted(Text(at_))));
  }
  ParseNumber(Text(at_), &line->value);
  line->not_supported = Text(at_) == "<not supported>";
  ++at_;
}

void PerfLineReader::ReadUnitAndEvent(PerfLine* line) {
  const std::string_view unit = Text(at_);
  const std::string_view next = Text(at_ + 1);
  const bool names_event =
      !unit.empty() && !IsPerfUnit(unit) && (next.empty() || IsNumber(next));
  line->layout.has_unit = !names_event;
  if (line->layout.has_unit) {
    if (IsNumber(unit)) Fail("expected a unit, found a number");
    line->unit = std::string(unit);
    ++at_;
  }
  line->event = std::string(Text(at_));
  if (IsMissing(line->event) || IsNumber(line->event)) {
    Fail(fmt::format("expected an event name, found {}", Quoted(Text(at_))));
  }
  // Without a unit column the clocks are in milliseconds all the same.
  const bool clock = line->event == "cpu-clock" || line->event == "task-clock";
  if (names_event && clock) line->unit = "msec";
  ++at_;
}

void PerfLineReader::ReadRunning(PerfLine* line) {
  if (at_ < cells_.size() && !Text(at_).empty() && !IsNumber(Text(at_))) {
    line->layout.has_cgroup = true;
    line->cgroup = std::string(Text(at_++));
  }
  if (at_ >= cells_.size()) return;
  line->layout.has_running = true;
  int64_t run_time = 0;
  if (!ParseInteger(Text(at_), &run_time) || run_time < 0) {
    Fail(fmt::format("expected the event's run time in ns, found {}",
                     Quoted(Text(at_))));
  }
  ++at_;
  if (!ParseNumber(Text(at_), &line->running_percent) ||
      line->running_percent < 0 || line->running_percent > 100.5) {
    Fail(
        fmt::format("expected the percentage of time that the event was "
                    "counted, found {}",
                    Quoted(Text(at_))));
  }
}

PerfLine PerfLineReader::Read() {
  PerfLine line;
  ReadId(&line);
  ReadValue(&line);
  ReadUnitAndEvent(&line);
  ReadRunning(&line);
  return line;
}

// Further metrics of the event above: a time, then empty cells up to the
// metric's value and name.
bool IsMetricLine(const std::vector<CsvCell>& cells) {
  return cells.size() > 6 &&
         std::all_of(cells.begin() + 1, cells.begin() + 5,
                     [](const CsvCell& cell) { return cell.text.empty(); });
}

struct NamedScope {
  Scope scope;
  std::string id;
};

// "CPU3" -> core 3, "S1" -> socket 1, "S0-D0-C1" -> core S0-D0-C1; any other
// id (a thread, a cgroup) is what runs there: a function.
NamedScope ScopeOf(const PerfLine& line) {
  const std::string& id = line.id;
  int64_t number = 0;
  if (!line.cgroup.empty()) return {Scope::kFunction, line.cgroup};
  if (id.empty()) return {Scope::kSystem, ""};
  if (id.rfind("CPU", 0) == 0 && ParseInteger(id.substr(3), &number)) {
    return {Scope::kCore, std::to_string(number)};
  }
  if (id[0] == 'S' && ParseInteger(id.substr(1), &number)) {
    return {Scope::kSocket, std::to_string(number)};
  }
  if (id[0] == 'S' && id.find("-C") != std::string::npos) {
    return {Scope::kCore, id};
  }
  if (id[0] == 'S' && id.find("-D") != std::string::npos) {
    return {Scope::kSocket, id};
  }
  if (id[0] == 'N' && ParseInteger(id.substr(1), &number)) {
    return {Scope::kSocket, "node" + std::to_string(number)};
  }
  return {Scope::kFunction, id};
}

std::string NameOf(const PerfLine& line) {
  const NamedScope scope = ScopeOf(line);
  return scope.id.empty()
             ? fmt::format("{}.{}", ToString(scope.scope), line.event)
             : fmt::format("{}.{}.{}", ToString(scope.scope), scope.id,
                           line.event);
}

class PerfTrace {
 public:
  explicit PerfTrace(const std::string& path) : path_(path) {}
  void AddLine(const CsvReader& reader, const std::vector<CsvCell>& cells);
  Trace Finish();

 private:
  struct Series {
    std::string unit;
    std::vector<double> running_percent;
    int64_t not_supported = 0;
    int64_t last_sample = -1;
  };
  void StartSampleIfNew(const CsvReader& reader, const CsvCell& cell);
  size_t FindOrAddColumn(const CsvReader& reader, const PerfLine& line);

  std::string path_;
  Trace trace_;
  std::map<std::string, size_t> columns_;  // name -> index in trace_.columns
  std::vector<Series> series_;             // by column
  std::optional<Layout> layout_;
  int64_t metric_lines_ = 0;
  int64_t summary_lines_ = 0;
};

void PerfTrace::StartSampleIfNew(const CsvReader& reader, const CsvCell& cell) {
  double time = 0;
  if (!ParseNumber(cell.text, &time)) {
    reader.Fail(cell.column,
                fmt::format("expected the interval's time in seconds, found "
                            "{}; was perf run with -I?",
                            Quoted(cell.text)));
  }
  if (!trace_.time_seconds.empty() && time == trace_.time_seconds.back()) {
    return;
  }
  CheckTimeAdvances(
      path_, reader.line(),
      trace_.time_seconds.empty() ? kMissing : trace_.time_seconds.back(),
      time);
  trace_.time_seconds.push_back(time);
  for (Column& column : trace_.columns) column.values.push_back(kMissing);
}

size_t PerfTrace::FindOrAddColumn(const CsvReader& reader,
                                  const PerfLine& line) {
  const std::string name = NameOf(line);
  const auto [found, inserted] = columns_.emplace(name, columns_.size());
  if (inserted) {
    const NamedScope scope = ScopeOf(line);
    const UnitConversion unit = ToBaseUnit(line.unit);
    trace_.columns.push_back(
        {name, Role::kCounter, unit.unit.empty() ? "1" : unit.unit, scope.scope,
         scope.id, "perf event " + line.event + ", in the interval",
         std::vector<double>(trace_.time_seconds.size(), kMissing)});
    series_.push_back({line.unit, {}, 0, -1});
  }
  Series& series = series_[found->second];
  if (series.unit != line.unit) {
    reader.Fail(0, fmt::format("event {} in unit {}; above it was in {}",
                               Quoted(line.event), Quoted(line.unit),
                               Quoted(series.unit)));
  }
  if (series.last_sample + 1 == trace_.samples()) {
    reader.Fail(0,
                fmt::format("a second value of '{}' in this interval", name));
  }
  series.last_sample = trace_.samples() - 1;
  return found->second;
}

void PerfTrace::AddLine(const CsvReader& reader,
                        const std::vector<CsvCell>& cells) {
  if (cells.front().text == "summary") {
    ++summary_lines_;
    return;
  }
  StartSampleIfNew(reader, cells.front());
  if (IsMetricLine(cells)) {
    ++metric_lines_;
    return;
  }
  const PerfLine line = PerfLineReader(reader, cells).Read();
  if (!layout_) layout_ = line.layout;
  if (!(*layout_ == line.layout)) {
    reader.Fail(0,
                "the cells are laid out differently from the lines above: "
                "one is missing or too many");
  }
  const size_t column = FindOrAddColumn(reader, line);
  Series& series = series_[column];
  if (line.not_supported) ++series.not_supported;
  // Without a value perf leaves the metric's cells away or empty.
  if (std::isfinite(line.value)) {
    series.running_percent.push_back(line.running_percent);
  }
  trace_.columns[column].values.back() =
      ToBaseUnit(line.unit).Apply(line.value);
}

Trace PerfTrace::Finish() {
  if (trace_.columns.empty()) {
    FailAt(path_, 0, 0, "there is no line of perf stat -I in the file");
  }
  for (size_t c = 0; c < trace_.columns.size(); ++c) {
    const Series& series = series_[c];
    const std::vector<double>& percent = series.running_percent;
    const std::string& name = trace_.columns[c].name;
    if (series.not_supported > 0) {
      AddAttribute(&trace_, "not_supported." + name,
                   std::to_string(series.not_supported));
    }
    if (percent.empty() || !layout_->has_running) continue;
    double sum = 0;
    for (const double value : percent) sum += value;
    AddAttribute(&trace_, "running_percent." + name,
                 fmt::format("min {:.2f} mean {:.2f}",
                             *std::min_element(percent.begin(), percent.end()),
                             sum / static_cast<double>(percent.size())));
  }
  AddAttribute(&trace_, "skipped_metric_lines", std::to_string(metric_lines_));
  AddAttribute(&trace_, "skipped_summary_lines",
               std::to_string(summary_lines_));
  return std::move(trace_);
}

// The separator is the character after the first line's time.
char FindSeparator(const TextFile& file) {
  size_t begin = 0;
  const std::string& text = file.text;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line =
        std::string_view(text).substr(begin, end - begin);
    const size_t start = line.find_first_not_of(" \t\r");
    if (start != std::string_view::npos && line[start] != '#') {
      const size_t after = line.find_first_not_of("0123456789.", start);
      if (after != std::string_view::npos && line[after] != ' ') {
        return line[after];
      }
      return ',';
    }
    begin = end + 1;
  }
  return ',';
}

}  // namespace

Trace ReadPerfText(const TextFile& file, int first_line) {
  CsvReader reader(file, FindSeparator(file), CsvReader::LastLine::kMustEnd,
                   first_line);
  PerfTrace trace(file.path);
  std::vector<CsvCell> cells;
  while (reader.Next(&cells)) {
    const std::string_view first = cells.front().text;
    const bool comment = !first.empty() && first.front() == '#';
    const bool blank = cells.size() == 1 && first.empty();
    if (!comment && !blank) trace.AddLine(reader, cells);
  }
  return trace.Finish();
}

Trace ImportPerf(const std::string& path) {
  return ReadPerfText(ReadTextFile(path), 1);
}

}  // namespace airlock
