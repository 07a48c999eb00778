#pragma once

#include <string>
#include <vector>

#include "calibration/traces/csv.h"
#include "calibration/traces/text_file.h"

namespace airlock {

// A CSV file with one header row and numbers below: values[column][row], NaN
// where missing, and where everything stands for error messages.
struct NumericTable {
  std::string path;
  int header_line = 0;
  std::vector<std::string> names;  // of the columns; may be empty strings
  std::vector<int> name_columns;   // where each name starts in the header line
  std::vector<std::vector<double>> values;
  std::vector<int> lines;  // of the rows

  size_t rows() const { return lines.size(); }
  // Throws InputError at the name of `column`.
  [[noreturn]] void FailAtName(size_t column, const std::string& message) const;
  // The values of `column` as times, converted by `multiply / divide`. Throws
  // InputError at the row whose time is missing or does not come after the
  // one before.
  std::vector<double> TakeTime(size_t column, double multiply,
                               double divide) const;
};

// Reads the whole of `file`. Throws InputError if there is no row of numbers,
// a row has another number of cells than the header, two columns have the same
// name, or a cell is not a number. Cells of `date_column` (-1: none) may also
// be dates and times (see ParseDateTime), read as seconds since 1970.
NumericTable ReadNumericTable(const TextFile& file, char separator,
                              int date_column = -1);

// Throws InputError at the row's first cell unless `time` comes after
// `previous` (NaN: there is none before).
void CheckTimeAdvances(const std::string& path, int line, double previous,
                       double time);

}  // namespace airlock
