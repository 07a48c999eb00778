#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "calibration/traces/text_file.h"

namespace airlock {

// One cell of a CSV row, quotes and surrounding blanks removed. The text lives
// as long as the reader that gave it.
struct CsvCell {
  std::string_view text;
  int column = 0;  // byte of the line where the cell starts, from 1
};

// Reads the rows of a CSV file (RFC 4180: a cell may be quoted, a quote in it
// is doubled, a quoted cell may hold separators and line ends). Strict: a quote
// inside an unquoted cell, text after a closing quote and a quote that does not
// close are errors. Lines may end with LF or CRLF; blank lines are skipped.
// `file` must outlive the reader.
class CsvReader {
 public:
  enum class LastLine {
    kMustEnd,  // a last line without line end was cut: error
    kMayEnd,   // the writer starts lines with the line end (Intel PCM)
  };

  // `first_line`: the number of the text's first line, where it is a part of a
  // longer one.
  CsvReader(const TextFile& file, char separator,
            LastLine last_line = LastLine::kMustEnd, int first_line = 1);

  // The next row into `cells`, or false at the end of the file.
  bool Next(std::vector<CsvCell>* cells);
  // The line where the row of the last Next() starts, from 1.
  int line() const { return row_line_; }
  // Throws InputError at column `column` of that line.
  [[noreturn]] void Fail(int column, const std::string& message) const;

 private:
  CsvCell ReadCell(size_t line_start);
  std::string_view ReadQuoted(int column);
  bool AtLineEnd() const;
  void SkipLineEnd();

  const TextFile& file_;
  const char separator_;
  const LastLine last_line_;
  size_t position_ = 0;
  int next_line_ = 1;
  int row_line_ = 0;
  std::deque<std::string> unquoted_;  // cells that had quotes inside
};

// The one of `candidates` that is most frequent in the first line of `text`;
// the first of them if there is none.
char GuessSeparator(std::string_view text, std::string_view candidates);

// Parses the whole of `text` (blanks around it allowed) as a decimal number,
// whatever the locale: digits, '.', exponent. Not numbers: "", "12a3", "0x1F",
// "inf", "nan", and what is beyond 1e290 or below a double's smallest.
bool ParseNumber(std::string_view text, double* value);
bool ParseInteger(std::string_view text, int64_t* value);

// True for the ways in which writers say that there is no value: an empty
// cell, "N/A", "NA", "NaN", "-nan", "null".
bool IsMissing(std::string_view text);

// The cell's number, NaN if it IsMissing. Otherwise
// throws InputError that names the position, the column and what stands there.
double NumberOrMissing(const CsvReader& reader, const CsvCell& cell,
                       const std::string& column_name);

std::string_view Trim(std::string_view text);

}  // namespace airlock
