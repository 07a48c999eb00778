#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>

#include "calibration/traces/csv.h"
#include "calibration/traces/csv_columns.h"
#include "calibration/traces/importers.h"
#include "calibration/traces/schema.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
// What the log writes as RSSI of a second without a frame.
constexpr double kNoFrameDbm = -100;
// A survey reading tells about the seconds since the one before, but not if
// that is longer ago than this.
constexpr double kLongestSurveySeconds = 10;
// The clocks of log and survey are compared with offsets up to this.
constexpr int kMostOffsetSeconds = 5;
// An offset is named if it correlates better than none by this.
constexpr double kClearlyBetter = 0.05;

enum Field {
  kSender,
  kReceiver,
  kTime,
  kDistance,
  kX,
  kY,
  kAltitude,
  kSpeed,
  kFrequency,
  kWidth,
  kUtilisation,
  kInLap,
  kOffered,
  kRssi,
  kRate,
  kBytes,
  kFields
};

const std::vector<std::string>& FieldNames() {
  static const std::vector<std::string>* const kNames =
      new std::vector<std::string>{
          "senderId",    "receiverId", "systime",      "receiverDist",
          "receiverX",   "receiverY",  "receiverAlt",  "receiverSpeed",
          "channelFreq", "channelBw",  "channelUtil",  "isInLap",
          "isIperfOn",   "rssiMean",   "dataRateMean", "nBytesReceived"};
  return *kNames;
}

// Columns that a log may lack; the trace then lacks what comes of them.
bool MayLack(Field field) {
  switch (field) {
    case kX:
    case kY:
    case kAltitude:
    case kSpeed:
    case kWidth:
    case kUtilisation:
    case kInLap:
    case kOffered:
    case kRate:
      return true;
    default:
      return false;
  }
}

// A column of each pair: the log's value, times `factor`, must lie in
// [least, most].
struct Metric {
  const char* name;
  Field field;
  Role role;
  const char* unit;
  double factor;
  double least;
  double most;
  const char* description;
};

constexpr double kAny = 1e12;
constexpr double kMostUtilisation = 105;  // %; counters are read late
constexpr Metric kMetrics[] = {
    {"distance", kDistance, Role::kInput, "m", 1, 0, 1e6,
     "from the sender, in a straight line"},
    {"x", kX, Role::kInput, "m", 1, -1e6, 1e6, "east of the sender"},
    {"y", kY, Role::kInput, "m", 1, -1e6, 1e6, "north of the sender"},
    {"altitude", kAltitude, Role::kInput, "m", 1, -1e5, 1e5, "by GPS"},
    {"speed", kSpeed, Role::kInput, "m/s", 1, 0, 1e4, "by GPS"},
    {"frequency", kFrequency, Role::kInput, "Hz", 1e6, 100, 1e6,
     "centre of the channel"},
    {"width", kWidth, Role::kInput, "Hz", 1e6, 1, 1e4, "of the channel"},
    {"utilisation", kUtilisation, Role::kCounter, "1", 0.01, 0,
     kMostUtilisation,
     "share of time with a busy channel, own frames included"},
    {"in_lap", kInLap, Role::kInput, "1", 1, 0, 1, "1 during a lap"},
    {"offered", kOffered, Role::kInput, "1", 1, 0, 1,
     "1 while the sender has traffic"},
    {"rssi", kRssi, Role::kKpi, "dBm", 1, -150, 30,
     "mean of the frames received; missing where there was none"},
    {"rate", kRate, Role::kKpi, "bit/s", 1e6, 0, 1e6,
     "mean PHY rate of the frames received"},
    {"bytes", kBytes, Role::kCounter, "B", 1, 0, kAny,
     "received in the second"},
    {"goodput", kBytes, Role::kKpi, "bit/s", 8, 0, kAny,
     "received in the second"},
};

struct Row {
  int line = 0;
  std::vector<double> values;  // by Field; the first two unused
};

struct Tally {
  int64_t rows = 0;
  int64_t repeated = 0;
  int64_t out_of_order = 0;
  int64_t without_frame = 0;
  int64_t without_utilisation = 0;
  int64_t impossible_utilisation = 0;
  std::string first_impossible;  // where, and what
  int64_t bytes_without_frame = 0;
  int64_t frame_without_rate = 0;
  int64_t cut_utilisation = 0;  // above 1, taken as 1
};

using Pair = std::pair<std::string, std::string>;  // sender, receiver
using Rows = std::map<Pair, std::map<int64_t, Row>>;

bool SameValues(const Row& a, const Row& b) {
  for (size_t i = kTime; i < kFields; ++i) {
    const bool missing = std::isnan(a.values[i]) && std::isnan(b.values[i]);
    if (!missing && a.values[i] != b.values[i]) return false;
  }
  return true;
}

// Reads the rows of a log.
class LogReader {
 public:
  explicit LogReader(const TextFile& file) : reader_(file, ','), file_(file) {}
  Rows Read(Tally* tally);
  bool Has(Field field) const;

 private:
  double Number(Field field) const;
  std::string Id(Field field) const;
  void FindColumns();
  void CheckRange(const Metric& metric) const;
  void DropImpossibleUtilisation(Row* row, Tally* tally) const;
  void ReadRow(Tally* tally);

  CsvReader reader_;
  const TextFile& file_;
  std::vector<CsvCell> cells_;
  std::vector<size_t> columns_;  // by Field; kNoColumn where there is none
  Rows rows_;
};

constexpr size_t kNoColumn = std::numeric_limits<size_t>::max();

double LogReader::Number(Field field) const {
  if (columns_[field] == kNoColumn) return kMissing;
  return NumberOrMissing(reader_, cells_[columns_[field]], FieldNames()[field]);
}

std::string LogReader::Id(Field field) const {
  const CsvCell& cell = cells_[columns_[field]];
  if (IsMissing(cell.text)) {
    reader_.Fail(cell.column, FieldNames()[field] + " is missing");
  }
  return std::string(cell.text);
}

void LogReader::CheckRange(const Metric& metric) const {
  const double value = Number(metric.field);
  if (std::isnan(value)) return;
  if (metric.least <= value && value <= metric.most) return;
  reader_.Fail(cells_[columns_[metric.field]].column,
               fmt::format("{} is {:g}; {:g} to {:g} is possible",
                           FieldNames()[metric.field], value, metric.least,
                           metric.most));
}

// The share of busy time comes from counters that start again when a driver
// does, and from interpolation between their readings: a value that cannot be
// is missing, and told.
void LogReader::DropImpossibleUtilisation(Row* row, Tally* tally) const {
  double* const percent = &row->values[kUtilisation];
  if (std::isnan(*percent)) return;
  if (*percent >= 0 && *percent <= kMostUtilisation) return;
  if (++tally->impossible_utilisation == 1) {
    tally->first_impossible =
        fmt::format("channelUtil {:g} in line {}", *percent, row->line);
  }
  *percent = kMissing;
}

void LogReader::ReadRow(Tally* tally) {
  for (const Metric& metric : kMetrics) {
    if (metric.field != kUtilisation) CheckRange(metric);
  }
  Row row;
  row.line = reader_.line();
  row.values.assign(kFields, kMissing);
  for (size_t i = kTime; i < kFields; ++i) {
    row.values[i] = Number(static_cast<Field>(i));
  }
  const double time = row.values[kTime];
  if (std::isnan(time) || time != std::floor(time)) {
    reader_.Fail(cells_[columns_[kTime]].column,
                 std::isnan(time) ? "the time is missing"
                                  : "systime is not a whole second");
  }
  DropImpossibleUtilisation(&row, tally);
  ++tally->rows;
  auto& of_pair = rows_[{Id(kSender), Id(kReceiver)}];
  const int64_t second = static_cast<int64_t>(time);
  if (!of_pair.empty() && second < of_pair.rbegin()->first) {
    ++tally->out_of_order;
  }
  const auto [found, inserted] = of_pair.emplace(second, row);
  if (inserted) return;
  if (!SameValues(found->second, row)) {
    reader_.Fail(0, fmt::format("another row of the same pair and second than "
                                "line {}",
                                found->second.line));
  }
  ++tally->repeated;
}

void LogReader::FindColumns() {
  std::vector<std::string> wanted;
  std::vector<size_t> fields;
  for (size_t field = 0; field < kFields; ++field) {
    const std::string& name = FieldNames()[field];
    const bool there =
        std::any_of(cells_.begin(), cells_.end(),
                    [&](const CsvCell& cell) { return cell.text == name; });
    if (!there && MayLack(static_cast<Field>(field))) continue;
    wanted.push_back(name);
    fields.push_back(field);
  }
  columns_.assign(kFields, kNoColumn);
  const std::vector<size_t> found = FindCsvColumns(reader_, cells_, wanted);
  for (size_t i = 0; i < fields.size(); ++i) columns_[fields[i]] = found[i];
}

bool LogReader::Has(Field field) const { return columns_[field] != kNoColumn; }

Rows LogReader::Read(Tally* tally) {
  reader_.Next(&cells_);
  const size_t width = cells_.size();
  FindColumns();
  while (reader_.Next(&cells_)) {
    if (cells_.size() != width) {
      reader_.Fail(
          0, fmt::format("{} cells; the header has {}", cells_.size(), width));
    }
    ReadRow(tally);
  }
  if (rows_.empty()) {
    FailAt(file_.path, 0, 0, "there is no row below the header");
  }
  return std::move(rows_);
}

// A second without a frame has neither RSSI nor rate; the log writes -100 and
// 0. Bytes that were received in it stay. A busy share a little above 1 is 1.
void MarkSecondsWithoutFrame(Rows* rows, Tally* tally) {
  for (auto& [pair, seconds] : *rows) {
    for (auto& [second, row] : seconds) {
      std::vector<double>& v = row.values;
      if (std::isnan(v[kUtilisation])) ++tally->without_utilisation;
      if (!(v[kRssi] > kNoFrameDbm)) {
        if (v[kBytes] > 0) ++tally->bytes_without_frame;
        ++tally->without_frame;
        v[kRssi] = kMissing;
      }
      if (!(v[kRate] > 0)) {
        if (!std::isnan(v[kRssi])) ++tally->frame_without_rate;
        v[kRate] = kMissing;
      }
      if (v[kUtilisation] > 100) {
        ++tally->cut_utilisation;
        v[kUtilisation] = 100;
      }
    }
  }
}

Trace MakeTrace(const Rows& rows, const LogReader& log) {
  std::map<int64_t, size_t> sample_of;
  for (const auto& [pair, seconds] : rows) {
    for (const auto& [second, row] : seconds) sample_of[second] = 0;
  }
  Trace trace;
  for (auto& [second, sample] : sample_of) {
    sample = trace.time_seconds.size();
    trace.time_seconds.push_back(static_cast<double>(second));
  }
  for (const auto& [pair, seconds] : rows) {
    const std::string id = pair.first + "." + pair.second;
    for (const Metric& metric : kMetrics) {
      if (!log.Has(metric.field)) continue;
      Column column{fmt::format("station.{}.{}", id, metric.name),
                    metric.role,
                    metric.unit,
                    Scope::kStation,
                    id,
                    metric.description,
                    std::vector<double>(sample_of.size(), kMissing)};
      for (const auto& [second, row] : seconds) {
        const double value = row.values[metric.field] * metric.factor;
        column.values[sample_of.at(second)] = value;
      }
      trace.columns.push_back(std::move(column));
    }
  }
  return trace;
}

// --- the folder form --------------------------------------------------------

struct Files {
  std::string log;
  std::string survey;  // empty: none
};

// "-082" of link-log-082.csv and of trace-082; empty if there is no number.
std::string NumberOf(const fs::path& path) {
  const std::string stem = path.stem().string();
  const size_t dash = stem.rfind('-');
  const bool numbered =
      dash != std::string::npos && dash + 1 < stem.size() &&
      std::isdigit(static_cast<unsigned char>(stem[dash + 1])) != 0;
  return numbered ? stem.substr(dash) : "";
}

// The survey of a log: cbt.csv beside it or in the folder trace-NR beside it.
std::string SurveyOf(const fs::path& log) {
  std::error_code ignored;
  const fs::path folder = log.parent_path();
  for (const fs::path& path :
       {folder / "cbt.csv", folder / ("trace" + NumberOf(log)) / "cbt.csv"}) {
    if (fs::exists(path, ignored)) return path.string();
  }
  return "";
}

// FOLDER/link-log*.csv, or beside it: link-log-082.csv for trace-082.
Files FindFiles(const std::string& folder) {
  Files files;
  std::error_code ignored;
  std::vector<std::string> logs;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("link-log", 0) == 0 &&
        name.find(".csv") != std::string::npos)
      logs.push_back(entry.path().string());
  }
  std::sort(logs.begin(), logs.end());
  if (logs.size() > 1) {
    throw InputError(
        fmt::format("{}: more than one link log: {}; name one, or a folder "
                    "trace-NR beside them",
                    folder, fmt::join(logs, ", ")));
  }
  fs::path path = fs::path(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  const std::string beside =
      (path.parent_path() / ("link-log" + NumberOf(path) + ".csv")).string();
  if (!logs.empty()) {
    files.log = logs[0];
    files.survey = SurveyOf(files.log);
    return files;
  }
  if (fs::exists(beside, ignored)) {
    files.log = beside;
  } else {
    throw InputError(fmt::format(
        "{}: there is neither a link-log*.csv in the folder nor {} beside it",
        folder, Quoted(beside)));
  }
  const std::string survey = (path / "cbt.csv").string();
  if (fs::exists(survey, ignored)) files.survey = survey;
  return files;
}

// Puts the survey's columns on the log's seconds: a reading stands for every
// second since the reading of the same AP before it.
class SurveyJoin {
 public:
  SurveyJoin(const Trace& survey, double zero) : survey_(survey), zero_(zero) {}

  void AddTo(Trace* trace) {
    for (const Column& column : survey_.columns) {
      Column joined = column;
      joined.values = OnSeconds(column, trace->time_seconds, 0);
      trace->columns.push_back(std::move(joined));
    }
  }

  // The offset, added to the log's clock, at which the survey's busy share
  // agrees best with the log's utilisation of that sender; none if there is too
  // little to compare. `gain`: how much better than at 0.
  bool BestOffset(const Trace& trace, int* offset, double* gain) const;

 private:
  std::vector<double> OnSeconds(const Column& column,
                                const std::vector<double>& seconds,
                                double offset) const;
  double Correlation(const Trace& trace, int offset) const;

  const Trace& survey_;
  double zero_;  // seconds since 1970 of the survey's time 0
};

std::vector<double> SurveyJoin::OnSeconds(const Column& column,
                                          const std::vector<double>& seconds,
                                          double offset) const {
  const Column& mark =
      survey_.Get("ap." + column.scope_id + ".frequency");  // at each reading
  std::vector<double> joined(seconds.size(), kMissing);
  double before = kMissing;
  size_t next = 0;
  for (size_t i = 0; i < mark.values.size(); ++i) {
    if (std::isnan(mark.values[i])) continue;
    const double now = survey_.time_seconds[i] + zero_;
    while (next < seconds.size() && seconds[next] + offset <= now) {
      const double second = seconds[next] + offset;
      if (second > before && now - second < kLongestSurveySeconds) {
        joined[next] = column.values[i];
      }
      ++next;
    }
    before = now;
  }
  return joined;
}

double SurveyJoin::Correlation(const Trace& trace, int offset) const {
  double n = 0, sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
  for (const Column& column : trace.columns) {
    const std::string suffix = ".utilisation";
    const size_t end =
        column.name.size() - std::min(column.name.size(), suffix.size());
    if (column.name.compare(end, std::string::npos, suffix) != 0) continue;
    const std::string ap = column.scope_id.substr(0, column.scope_id.find('.'));
    const Column* busy = survey_.Find("ap." + ap + ".airtime_busy");
    if (busy == nullptr) continue;
    const std::vector<double> y = OnSeconds(*busy, trace.time_seconds, offset);
    for (size_t i = 0; i < y.size(); ++i) {
      const double x = column.values[i];
      if (std::isnan(x) || std::isnan(y[i])) continue;
      n += 1;
      sx += x;
      sy += y[i];
      sxx += x * x;
      syy += y[i] * y[i];
      sxy += x * y[i];
    }
  }
  if (n < 60) return kMissing;
  const double spread = (sxx - sx * sx / n) * (syy - sy * sy / n);
  return spread > 0 ? (sxy - sx * sy / n) / std::sqrt(spread) : kMissing;
}

bool SurveyJoin::BestOffset(const Trace& trace, int* offset,
                            double* gain) const {
  const double at_zero = Correlation(trace, 0);
  if (std::isnan(at_zero)) return false;
  *offset = 0;
  *gain = 0;
  for (int k = -kMostOffsetSeconds; k <= kMostOffsetSeconds; ++k) {
    const double better = Correlation(trace, k) - at_zero;
    if (better > *gain) {
      *gain = better;
      *offset = k;
    }
  }
  return true;
}

void Join(const std::string& path, Trace* trace) {
  const Trace survey = ImportSurvey(path);
  double zero = 0;
  ParseNumber(survey.Attribute("time_zero"), &zero);
  SurveyJoin join(survey, zero);
  for (const auto& [key, value] : survey.attributes) {
    if (key != "time_zero" && key != "warnings") {
      AddAttribute(trace, "survey." + key, value);
    }
  }
  const std::string warnings = survey.Attribute("warnings");
  if (!warnings.empty()) AddWarning(trace, warnings);
  const double first = zero + survey.time_seconds.front();
  const double last = zero + survey.time_seconds.back();
  if (first > trace->time_seconds.back() ||
      last < trace->time_seconds.front()) {
    throw InputError(fmt::format(
        "{}: the survey ({:.0f} to {:.0f} s) and the link log ({:.0f} to "
        "{:.0f} s) have no time in common",
        path, first, last, trace->time_seconds.front(),
        trace->time_seconds.back()));
  }
  int offset = 0;
  double gain = 0;
  if (join.BestOffset(*trace, &offset, &gain)) {
    AddAttribute(trace, "survey_clock_offset_seconds", std::to_string(offset));
    if (offset != 0 && gain > kClearlyBetter) {
      AddWarning(trace,
                 fmt::format("the survey's busy time agrees better with the "
                             "log's utilisation {} s later (correlation higher "
                             "by {:.2f}): the clocks may differ; the columns "
                             "are joined as they are",
                             offset, gain));
    }
  }
  join.AddTo(trace);
}

}  // namespace

Trace ImportLinkLog(const std::string& path) {
  std::error_code ignored;
  Files files;
  files.log = path;
  if (fs::is_directory(path, ignored)) files = FindFiles(path);
  const TextFile file = ReadTextFile(files.log);
  Tally tally;
  LogReader log(file);
  Rows rows = log.Read(&tally);
  MarkSecondsWithoutFrame(&rows, &tally);
  Trace trace = MakeTrace(rows, log);
  if (tally.impossible_utilisation > 0) {
    AddWarning(&trace,
               fmt::format("{} pair-seconds have an impossible utilisation "
                           "(first: {}; 0 to {:g} is possible) and count as "
                           "missing",
                           tally.impossible_utilisation, tally.first_impossible,
                           kMostUtilisation));
  }
  if (!files.survey.empty()) Join(files.survey, &trace);
  StartTimeAtZero(&trace);
  const auto count = [&](const char* key, int64_t value) {
    AddAttribute(&trace, key, std::to_string(value));
  };
  count("pairs", static_cast<int64_t>(rows.size()));
  count("rows", tally.rows);
  count("rows_repeated", tally.repeated);
  count("rows_out_of_order", tally.out_of_order);
  count("pair_seconds_without_frame", tally.without_frame);
  count("pair_seconds_without_frame_but_bytes", tally.bytes_without_frame);
  count("pair_seconds_with_frame_but_no_rate", tally.frame_without_rate);
  count("pair_seconds_without_utilisation", tally.without_utilisation);
  count("pair_seconds_with_utilisation_cut_to_1", tally.cut_utilisation);
  count("pair_seconds_with_impossible_utilisation",
        tally.impossible_utilisation);
  return trace;
}

}  // namespace airlock
