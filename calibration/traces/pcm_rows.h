#pragma once

#include <limits>
#include <string>
#include <vector>

#include "calibration/traces/csv.h"
#include "calibration/traces/pcm_columns.h"
#include "sim/telemetry/trace.h"

// The rows of Intel PCM's CSV, whether they come from a file or from a tool
// that is still running. Private to calibration/traces.
namespace airlock {

// PCM's numbers: also "12%", and "inf" where it divided by zero.
double PcmNumber(const CsvReader& reader, const CsvCell& cell,
                 const std::string& column);

// Turns date and time cells into increasing seconds. The clock is local and
// the date may lag behind it around midnight: a step back by most of a day is
// midnight, not disorder.
class PcmClock {
 public:
  explicit PcmClock(const std::string& path) : path_(path) {}
  double Read(const CsvReader& reader, const CsvCell& date,
              const CsvCell& time);
  int rollovers() const { return rollovers_; }

 private:
  std::string path_;
  double previous_ = std::numeric_limits<double>::quiet_NaN();
  double shift_ = 0;
  int rollovers_ = 0;
};

// Group and metric cells of a file with two header rows.
class TwoRowHeader {
 public:
  TwoRowHeader(CsvReader* reader, bool memory_tool, Trace* trace);

  size_t width() const { return width_; }  // cells of a row, date and time too
  // Cells of a row as it is written, with the empty one behind the last
  // separator.
  size_t cells() const { return width_ + (trailing_ ? 1 : 0); }
  bool trailing_separator() const { return trailing_; }
  const PcmColumn& column(size_t i) const { return columns_[i]; }
  size_t columns() const { return columns_.size(); }
  // Adds a row to the trace. Throws InputError at the cell that is wrong.
  void ReadRow(const CsvReader& reader, const std::vector<CsvCell>& cells,
               PcmClock* clock, Trace* trace) const;

 private:
  size_t width_ = 0;
  bool trailing_ = false;
  std::vector<PcmColumn> columns_;
};

}  // namespace airlock
