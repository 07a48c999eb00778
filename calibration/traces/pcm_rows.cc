#include "calibration/traces/pcm_rows.h"

#include <cmath>
#include <limits>
#include <map>

#include "calibration/traces/numeric_table.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr double kDay = 86400;

}  // namespace

double PcmNumber(const CsvReader& reader, const CsvCell& cell,
                 const std::string& column) {
  CsvCell plain = cell;
  if (!plain.text.empty() && plain.text.back() == '%') {
    plain.text = Trim(plain.text.substr(0, plain.text.size() - 1));
    if (plain.text.empty()) return NumberOrMissing(reader, cell, column);
  }
  if (plain.text == "inf" || plain.text == "-inf") return kMissing;
  return NumberOrMissing(reader, plain, column);
}

double PcmClock::Read(const CsvReader& reader, const CsvCell& date,
                      const CsvCell& time) {
  double day = 0, of_day = 0;
  if (!ParseDate(date.text, &day)) {
    reader.Fail(date.column, fmt::format("column 'Date': {} is not YYYY-MM-DD",
                                         Quoted(date.text)));
  }
  if (!ParseTimeOfDay(time.text, &of_day)) {
    reader.Fail(time.column, fmt::format("column 'Time': {} is not HH:MM:SS",
                                         Quoted(time.text)));
  }
  double now = day + of_day + shift_;
  if (now < previous_ - kDay / 2) {
    shift_ += kDay;
    now += kDay;
    ++rollovers_;
  } else if (shift_ > 0 && now > previous_ + kDay / 2) {
    shift_ -= kDay;  // the date has followed
    now -= kDay;
  }
  CheckTimeAdvances(path_, reader.line(), previous_, now);
  previous_ = now;
  return now;
}

TwoRowHeader::TwoRowHeader(CsvReader* reader, bool memory_tool, Trace* trace) {
  std::vector<CsvCell> groups, metrics;
  reader->Next(&groups);
  const int group_line = reader->line();
  reader->Next(&metrics);
  trailing_ = metrics.size() > 3 && metrics.back().text.empty();
  width_ = metrics.size() - (trailing_ ? 1 : 0);
  const bool same_end = !trailing_ || groups.back().text.empty();
  if (groups.size() != metrics.size() || !same_end) {
    reader->Fail(0, fmt::format("{} cells; the group row in line {} has {} and "
                                "should have the same",
                                metrics.size(), group_line, groups.size()));
  }
  std::map<std::string, int> seen;
  std::string group;
  for (size_t c = 0; c < width_; ++c) {
    if (!groups[c].text.empty()) group = std::string(groups[c].text);
    if (c < 2) continue;  // Date, Time
    if (metrics[c].text.empty()) {
      reader->Fail(metrics[c].column, "a column has no name");
    }
    PcmColumn column =
        DescribePcmColumn(group, std::string(metrics[c].text), memory_tool);
    const auto [found, inserted] =
        seen.emplace(column.column.name, metrics[c].column);
    if (!inserted) {
      reader->Fail(
          metrics[c].column,
          fmt::format("{} of {} is there twice; first at column {}",
                      Quoted(metrics[c].text), Quoted(group), found->second));
    }
    if (!column.known_unit) {
      AddWarning(trace,
                 fmt::format("the unit of '{}' ({} of {}) is not known",
                             column.column.name, metrics[c].text, group));
    }
    columns_.push_back(std::move(column));
  }
}

void TwoRowHeader::ReadRow(const CsvReader& reader,
                           const std::vector<CsvCell>& row, PcmClock* clock,
                           Trace* trace) const {
  if (row.size() != cells()) {
    reader.Fail(
        0, fmt::format("{} cells; the header has {}", row.size(), cells()));
  }
  if (trailing_ && !row.back().text.empty()) {
    reader.Fail(row.back().column, "a value in a column without a name");
  }
  std::vector<double> values;
  for (size_t i = 0; i < columns_.size(); ++i) {
    values.push_back(columns_[i].conversion.Apply(
        PcmNumber(reader, row[i + 2], columns_[i].column.name)));
  }
  // Last, so that a row that is wrong leaves the clock as it was.
  trace->time_seconds.push_back(clock->Read(reader, row[0], row[1]));
  for (size_t i = 0; i < columns_.size(); ++i) {
    trace->columns[i].values.push_back(values[i]);
  }
}

}  // namespace airlock
