#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "calibration/traces/csv.h"
#include "calibration/traces/csv_columns.h"
#include "calibration/traces/importers.h"
#include "calibration/traces/numeric_table.h"
#include "calibration/traces/schema.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// Cumulative counters of a survey, in milliseconds on the channel.
enum Counter { kActive, kBusy, kReceive, kTransmit, kCounters };

// One AP's survey at one time.
struct Reading {
  double time = kMissing;
  int line = 0;  // where it stands in the file
  double frequency_mhz = kMissing;
  double noise_dbm = kMissing;
  std::array<double, kCounters> counter_ms = {kMissing, kMissing, kMissing,
                                              kMissing};

  bool SameValues(const Reading& other) const {
    const auto same = [](double a, double b) {
      return a == b || (std::isnan(a) && std::isnan(b));
    };
    return same(frequency_mhz, other.frequency_mhz) &&
           same(noise_dbm, other.noise_dbm) &&
           std::equal(counter_ms.begin(), counter_ms.end(),
                      other.counter_ms.begin(), same);
  }
};

using Readings = std::map<std::string, std::vector<Reading>>;  // by AP

// The clocks of file and counters differ by at most this.
constexpr double kClockSlackSeconds = 2;
// A share of the interval may exceed 1 by this before it counts as wrong
// (counters are read one after the other).
constexpr double kShareSlack = 0.05;
// A counter that falls, while the AP's active time goes on, in more than this
// share of the intervals does not accumulate.
constexpr double kMostFalls = 0.05;
// Some drivers (ath10k: transmit time) clear a counter at each reading. Then it
// is the time of the interval and never longer than the active time; in at most
// this share of the intervals it may be, for readings that were lost.
constexpr double kMostTooLong = 0.02;

struct Tally {
  int64_t resets = 0;       // intervals over a reset or a channel change
  int64_t implausible = 0;  // shares outside [0, 1]
  int64_t out_of_order = 0;
  int64_t repeated = 0;
};

// What the AP did in the interval that ends with reading `now`.
struct Interval {
  bool usable = false;  // the active time advanced as the clock did
  double active_ms = kMissing;
};

Interval Compare(const Reading& before, const Reading& now, Tally* tally) {
  Interval interval;
  interval.active_ms = now.counter_ms[kActive] - before.counter_ms[kActive];
  const double clock_ms = (now.time - before.time) * 1e3;
  const bool same_channel = now.frequency_mhz == before.frequency_mhz;
  interval.usable = same_channel && interval.active_ms > 0 &&
                    interval.active_ms <= clock_ms + kClockSlackSeconds * 1e3;
  if (!interval.usable && std::isfinite(interval.active_ms)) ++tally->resets;
  return interval;
}

// How a counter of one AP counts.
enum class Counting { kCumulative, kOfTheInterval, kUnknown };

Counting CountingOf(const std::vector<Reading>& readings, Counter counter) {
  int64_t intervals = 0, falls = 0, too_long = 0;
  Tally ignored;
  for (size_t i = 1; i < readings.size(); ++i) {
    const Interval interval = Compare(readings[i - 1], readings[i], &ignored);
    if (!interval.usable) continue;
    const double now = readings[i].counter_ms[counter];
    ++intervals;
    if (now < readings[i - 1].counter_ms[counter]) ++falls;
    if (now < 0 || now > (1 + kShareSlack) * interval.active_ms) ++too_long;
  }
  const double all = static_cast<double>(intervals);
  if (static_cast<double>(falls) <= kMostFalls * all) {
    return Counting::kCumulative;
  }
  return static_cast<double>(too_long) <= kMostTooLong * all
             ? Counting::kOfTheInterval
             : Counting::kUnknown;
}

// The share of the channel's active time by reading; missing where the
// interval is not usable.
std::vector<double> Shares(const std::vector<Reading>& readings,
                           Counter counter, Counting counting, Tally* tally) {
  std::vector<double> shares(readings.size(), kMissing);
  Tally ignored;
  for (size_t i = 1; i < readings.size(); ++i) {
    const Interval interval = Compare(readings[i - 1], readings[i], &ignored);
    if (!interval.usable) continue;
    const double before = counting == Counting::kCumulative
                              ? readings[i - 1].counter_ms[counter]
                              : 0;
    const double share =
        (readings[i].counter_ms[counter] - before) / interval.active_ms;
    if (std::isnan(share)) continue;
    if (share < 0 || share > 1 + kShareSlack) {
      ++tally->implausible;
    } else {
      shares[i] = std::min(share, 1.0);
    }
  }
  return shares;
}

// In order of time, without repetitions. Logs of several days or hosts are
// often pasted together out of order, so order is restored and counted.
void SortByTime(const std::string& path, std::vector<Reading>* readings,
                Tally* tally) {
  for (size_t i = 1; i < readings->size(); ++i) {
    if ((*readings)[i].time < (*readings)[i - 1].time) ++tally->out_of_order;
  }
  std::stable_sort(
      readings->begin(), readings->end(),
      [](const Reading& a, const Reading& b) { return a.time < b.time; });
  std::vector<Reading> unique;
  for (const Reading& reading : *readings) {
    if (unique.empty() || unique.back().time < reading.time) {
      unique.push_back(reading);
    } else if (unique.back().SameValues(reading)) {
      ++tally->repeated;
    } else {
      FailAt(path, reading.line, 1,
             fmt::format("another survey of the same AP at the same time than "
                         "in line {}",
                         unique.back().line));
    }
  }
  *readings = std::move(unique);
}

// Puts the columns of APs on the times of all.
class SurveyTrace {
 public:
  SurveyTrace(const std::string& path, Readings readings);
  Trace Finish();

 private:
  void AddAccessPoint(const std::string& id,
                      const std::vector<Reading>& readings);
  void AddColumn(const std::string& id, const char* metric, const char* unit,
                 const char* description, const std::vector<Reading>& readings,
                 const std::vector<double>& values);

  std::string path_;
  Readings readings_;
  Trace trace_;
  std::map<double, size_t> sample_at_;
  Tally tally_;
};

SurveyTrace::SurveyTrace(const std::string& path, Readings readings)
    : path_(path), readings_(std::move(readings)) {
  std::set<double> times;
  for (auto& [id, list] : readings_) {
    SortByTime(path_, &list, &tally_);
    for (const Reading& reading : list) times.insert(reading.time);
  }
  trace_.time_seconds.assign(times.begin(), times.end());
  for (size_t i = 0; i < trace_.time_seconds.size(); ++i) {
    sample_at_[trace_.time_seconds[i]] = i;
  }
}

void SurveyTrace::AddColumn(const std::string& id, const char* metric,
                            const char* unit, const char* description,
                            const std::vector<Reading>& readings,
                            const std::vector<double>& values) {
  Column column{fmt::format("ap.{}.{}", id, metric),
                Role::kCounter,
                unit,
                Scope::kAccessPoint,
                id,
                description,
                std::vector<double>(trace_.time_seconds.size(), kMissing)};
  for (size_t i = 0; i < readings.size(); ++i) {
    column.values[sample_at_.at(readings[i].time)] = values[i];
  }
  trace_.columns.push_back(std::move(column));
}

void SurveyTrace::AddAccessPoint(const std::string& id,
                                 const std::vector<Reading>& readings) {
  struct Share {
    Counter counter;
    const char* metric;
    const char* description;
  };
  constexpr Share kShares[] = {
      {kBusy, "airtime_busy", "share of active time with a busy channel"},
      {kReceive, "airtime_receive", "share of active time receiving"},
      {kTransmit, "airtime_transmit", "share of active time transmitting"}};
  for (size_t i = 1; i < readings.size(); ++i) {
    Compare(readings[i - 1], readings[i], &tally_);
  }
  for (const Share& share : kShares) {
    std::vector<double> values(readings.size(), kMissing);
    const Counting counting = CountingOf(readings, share.counter);
    if (counting != Counting::kUnknown) {
      values = Shares(readings, share.counter, counting, &tally_);
    }
    if (counting == Counting::kOfTheInterval) {
      AddAttribute(
          &trace_,
          fmt::format("counter_of_interval.ap.{}.{}", id, share.metric),
          "the counter starts again at each reading");
    }
    if (counting == Counting::kUnknown) {
      AddWarning(&trace_, fmt::format("ap.{}.{}: the counter falls although "
                                      "the active time goes on; it does not "
                                      "accumulate and is left missing",
                                      id, share.metric));
    }
    AddColumn(id, share.metric, "1", share.description, readings, values);
  }
  std::vector<double> noise, frequency;
  for (const Reading& reading : readings) {
    noise.push_back(reading.noise_dbm);
    frequency.push_back(reading.frequency_mhz * 1e6);
  }
  AddColumn(id, "noise", "dBm", "noise floor", readings, noise);
  AddColumn(id, "frequency", "Hz", "centre of the primary channel", readings,
            frequency);
}

Trace SurveyTrace::Finish() {
  for (const auto& [id, list] : readings_) AddAccessPoint(id, list);
  AddAttribute(&trace_, "counter_resets", std::to_string(tally_.resets));
  AddAttribute(&trace_, "implausible_shares",
               std::to_string(tally_.implausible));
  AddAttribute(&trace_, "rows_out_of_order",
               std::to_string(tally_.out_of_order));
  AddAttribute(&trace_, "rows_repeated", std::to_string(tally_.repeated));
  StartTimeAtZero(&trace_);
  return std::move(trace_);
}

// --- the CSV form ----------------------------------------------------------

const std::vector<std::string>& CsvColumns() {
  static const std::vector<std::string>* const kNames =
      new std::vector<std::string>{"timestamp", "freq", "noise", "cat",
                                   "cbt",       "crt",  "ctt",   "id"};
  return *kNames;
}
enum CsvField { kTimestamp, kFrequency, kNoise, kCat, kCbt, kCrt, kCtt, kId };

Readings ReadCsvForm(const TextFile& file) {
  CsvReader reader(file, ',');
  std::vector<CsvCell> cells;
  reader.Next(&cells);
  const size_t width = cells.size();
  const std::vector<size_t> columns =
      FindCsvColumns(reader, cells, CsvColumns());
  Readings readings;
  while (reader.Next(&cells)) {
    if (cells.size() != width) {
      reader.Fail(
          0, fmt::format("{} cells; the header has {}", cells.size(), width));
    }
    const auto number = [&](CsvField field) {
      return NumberOrMissing(reader, cells[columns[field]],
                             CsvColumns()[field]);
    };
    Reading reading;
    reading.line = reader.line();
    reading.time = number(kTimestamp);
    reading.frequency_mhz = number(kFrequency);
    reading.noise_dbm = number(kNoise);
    reading.counter_ms = {number(kCat), number(kCbt), number(kCrt),
                          number(kCtt)};
    const CsvCell& id = cells[columns[kId]];
    if (std::isnan(reading.time)) {
      reader.Fail(cells[columns[kTimestamp]].column, "the time is missing");
    }
    if (IsMissing(id.text)) reader.Fail(id.column, "the AP's id is missing");
    readings[std::string(id.text)].push_back(reading);
  }
  return readings;
}

// --- the text form ---------------------------------------------------------

// Reads `iw` dumps line by line.
class DumpReader {
 public:
  explicit DumpReader(const TextFile& file) : file_(file) {}
  Readings Read();

 private:
  [[noreturn]] void Fail(const std::string& message) const {
    FailAt(file_.path, line_, 1, message);
  }
  void ReadLine(std::string_view text);
  bool ReadTime(std::string_view text);
  void ReadField(std::string_view key, std::string_view value);
  void EndBlock();

  const TextFile& file_;
  int line_ = 0;
  double time_ = kMissing;
  std::string interface_;  // of the open block; empty: none is open
  bool in_use_ = false;
  Reading reading_;
  Readings readings_;
};

bool DumpReader::ReadTime(std::string_view text) {
  while (!text.empty() && text.front() == '#') text.remove_prefix(1);
  text = Trim(text);
  double time = 0;
  if (!ParseNumber(text, &time) && !ParseDateTime(text, &time)) return false;
  EndBlock();
  CheckTimeAdvances(file_.path, line_, time_, time);
  time_ = time;
  return true;
}

void DumpReader::EndBlock() {
  if (!interface_.empty() && in_use_) {
    std::vector<Reading>& list = readings_[interface_];
    if (!list.empty() && list.back().time == time_) {
      FailAt(file_.path, reading_.line, 1,
             fmt::format("a second channel of {} in use at the same time; a "
                         "line with its time stands above each dump",
                         interface_));
    }
    reading_.time = time_;
    list.push_back(reading_);
  }
  interface_.clear();
  in_use_ = false;
}

void DumpReader::ReadField(std::string_view key, std::string_view value) {
  struct CounterName {
    const char* key;
    Counter counter;
  };
  constexpr CounterName kNames[] = {{"channel active time", kActive},
                                    {"channel busy time", kBusy},
                                    {"channel receive time", kReceive},
                                    {"channel transmit time", kTransmit}};
  const auto number_with = [&](const char* unit) {
    const size_t blank = std::min(value.find(' '), value.size());
    double number = 0;
    if (!ParseNumber(value.substr(0, blank), &number) ||
        Trim(value.substr(blank)) != unit) {
      Fail(fmt::format("{}: {} is not a number of {}", std::string(key),
                       Quoted(value), unit));
    }
    return number;
  };
  if (key == "frequency") {
    constexpr std::string_view kMark = "[in use]";
    const size_t mark = value.find(kMark);
    in_use_ = mark != std::string_view::npos;
    if (in_use_) value = Trim(value.substr(0, mark));
    reading_.frequency_mhz = number_with("MHz");
  } else if (key == "noise") {
    reading_.noise_dbm = number_with("dBm");
  } else {
    for (const CounterName& name : kNames) {
      if (key == name.key)
        reading_.counter_ms[name.counter] = number_with("ms");
    }
  }
}

void DumpReader::ReadLine(std::string_view text) {
  constexpr std::string_view kStart = "Survey data from ";
  text = Trim(text);
  if (text.empty() || ReadTime(text)) return;
  if (text.substr(0, kStart.size()) == kStart) {
    EndBlock();
    if (std::isnan(time_)) {
      Fail("a dump without a time: write one line with the time above each");
    }
    interface_ = std::string(text.substr(kStart.size()));
    reading_ = Reading();
    reading_.line = line_;
    return;
  }
  const size_t colon = text.find(':');
  if (interface_.empty() || colon == std::string_view::npos) {
    Fail(
        fmt::format("{} is neither a time, nor 'Survey data from ...', nor "
                    "'KEY: VALUE' below it",
                    Quoted(text)));
  }
  ReadField(text.substr(0, colon), Trim(text.substr(colon + 1)));
}

Readings DumpReader::Read() {
  const std::string_view text = file_.text;
  size_t begin = 0;
  while (begin < text.size()) {
    ++line_;
    size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) {
      Fail("the file ends within this line: it was cut");
    }
    std::string_view line = text.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    ReadLine(line);
    begin = end + 1;
  }
  EndBlock();
  return std::move(readings_);
}

bool IsCsvForm(const TextFile& file) {
  const std::string first_line = file.text.substr(0, file.text.find('\n'));
  return first_line.find(',') != std::string::npos;
}

}  // namespace

Trace ImportSurvey(const std::string& path) {
  const TextFile file = ReadTextFile(path);
  Readings readings =
      IsCsvForm(file) ? ReadCsvForm(file) : DumpReader(file).Read();
  if (readings.empty()) {
    FailAt(path, 0, 0, "there is no survey of a channel in use in the file");
  }
  return SurveyTrace(path, std::move(readings)).Finish();
}

}  // namespace airlock
