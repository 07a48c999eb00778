#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/telemetry/trace.h"

namespace airlock {

// Columns of `trace` as a CSV that `airlock import csv` reads back bit by bit:
// a header with units in brackets, then a row a sample. A missing value is an
// empty cell.
std::string CsvHeaderText(const Trace& trace);
std::string CsvRowText(const Trace& trace, int64_t sample);

// The newest samples of a node, all columns, in memory and in files of the
// state folder, written as each sample comes: a node that is killed finds them
// again. Samples are numbered from the first that the state folder has ever
// seen.
//
// Two files samples-NUMBER.csv (of their first sample) hold `capacity` rows at
// most; a third replaces the older. Owns the newest one's descriptor.
class RecentSamples {
 public:
  // Reads what an earlier run left. Throws Error on I/O, InputError with
  // position for a file that is wrong.
  RecentSamples(const std::string& folder, int64_t capacity);
  ~RecentSamples();
  RecentSamples(const RecentSamples&) = delete;
  RecentSamples& operator=(const RecentSamples&) = delete;

  // The columns of the stream from here on. What was read before stays if it
  // has the same ones (names and units, in this order), else it is dropped, and
  // the result is false. Throws InputError for a name that a CSV cannot have.
  bool SetColumns(const Trace& columns);
  bool has_columns() const { return has_columns_; }
  // Adds sample `index` of `samples`, which has those columns. Throws Error if
  // it cannot be written: then it is held, but no file has it.
  void Add(const Trace& samples, int64_t index);

  // Number of the next sample, and of the oldest that is held.
  int64_t next() const { return first_ + held_.samples(); }
  int64_t first() const { return first_; }
  // Time of the newest; NaN if there is none.
  double last_seconds() const;
  // Samples [begin, end) by number, cut to what is held.
  Trace Range(int64_t begin, int64_t end) const;
  // Nothing is held, on disk neither; the next sample has number `number`.
  void Clear(int64_t number);

 private:
  void Restore();
  void OpenNext();
  void RemoveFiles();
  void Append(const std::string& text);
  std::string PathOf(int64_t number) const;

  std::string folder_;
  int64_t capacity_;
  bool has_columns_ = false;
  Trace held_;
  int64_t first_ = 0;
  std::vector<int64_t> files_;  // numbers of their first samples
  int fd_ = -1;
};

}  // namespace airlock
