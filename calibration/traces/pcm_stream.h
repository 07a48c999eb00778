#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "calibration/traces/pcm_rows.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// The CSV of a running `pcm -csv` or `pcm-memory -csv`, in pieces, with the
// columns of ImportPcm(). Lines before the two header rows are the tool's
// greeting and passed over. Times are seconds since 1970 in the writer's zone.
// A row counts once its end is there: a line end, or the separator behind its
// last cell where the rows have one (pcm writes the line end with the next
// row). Owns what has not become a row yet.
class PcmStream {
 public:
  // `name` for messages.
  explicit PcmStream(std::string name);

  // The rows that are complete with `bytes`, one sample each. Throws InputError
  // with line and column; the rows before the wrong line are returned first:
  // the call after them throws.
  Trace Take(std::string_view bytes);
  // True once the header rows are there.
  bool has_columns() const { return header_.has_value(); }

 private:
  bool NextLine(std::string_view* line);
  void ReadLine(std::string_view line, Trace* rows);
  void ReadHeader(std::string_view line);

  std::string name_;
  std::string text_;  // not yet read, from position_ on
  size_t position_ = 0;
  int line_ = 0;
  char separator_ = ',';
  std::string groups_;  // the line before, a group row perhaps
  std::optional<TwoRowHeader> header_;
  Trace columns_;  // without samples
  PcmClock clock_;
};

}  // namespace airlock
