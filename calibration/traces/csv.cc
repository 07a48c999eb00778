#include "calibration/traces/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace airlock {
namespace {

// Beyond this is no measurement, and a unit's prefix could make it infinite.
constexpr double kLargest = 1e290;

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

CsvReader::CsvReader(const TextFile& file, char separator, LastLine last_line,
                     int first_line)
    : file_(file),
      separator_(separator),
      last_line_(last_line),
      next_line_(first_line) {}

void CsvReader::Fail(int column, const std::string& message) const {
  FailAt(file_.path, row_line_, column, message);
}

bool CsvReader::AtLineEnd() const {
  const std::string& text = file_.text;
  return position_ >= text.size() || text[position_] == '\n' ||
         (text[position_] == '\r' && position_ + 1 < text.size() &&
          text[position_ + 1] == '\n');
}

void CsvReader::SkipLineEnd() {
  const std::string& text = file_.text;
  if (position_ < text.size() && text[position_] == '\r') ++position_;
  if (position_ < text.size()) {
    ++position_;
  } else if (last_line_ == LastLine::kMustEnd) {
    Fail(0, "the file ends within this line: it was cut");
  }
  ++next_line_;
}

bool CsvReader::Next(std::vector<CsvCell>* cells) {
  cells->clear();
  const std::string& text = file_.text;
  while (position_ < text.size() && AtLineEnd()) {  // blank lines
    row_line_ = next_line_;
    SkipLineEnd();
  }
  if (position_ >= text.size()) return false;
  row_line_ = next_line_;
  const size_t line_start = position_;
  cells->push_back(ReadCell(line_start));
  while (!AtLineEnd()) {
    ++position_;  // the separator
    cells->push_back(ReadCell(line_start));
  }
  SkipLineEnd();
  return true;
}

CsvCell CsvReader::ReadCell(size_t line_start) {
  const std::string& text = file_.text;
  const int column = static_cast<int>(position_ - line_start) + 1;
  if (position_ < text.size() && text[position_] == '"') {
    return {ReadQuoted(column), column};
  }
  const size_t begin = position_;
  while (!AtLineEnd() && text[position_] != separator_) {
    const char c = text[position_];
    if (c == '"' || c == '\r') {
      Fail(static_cast<int>(position_ - line_start) + 1,
           c == '"' ? "a quote inside a cell that does not start with one"
                    : "a carriage return inside a line");
    }
    ++position_;
  }
  return {Trim(std::string_view(text).substr(begin, position_ - begin)),
          column};
}

std::string_view CsvReader::ReadQuoted(int column) {
  const std::string& text = file_.text;
  std::string content;
  ++position_;
  while (true) {
    if (position_ >= text.size()) Fail(column, "this quote does not close");
    const char c = text[position_++];
    if (c == '\n') ++next_line_;
    if (c != '"') {
      content += c;
    } else if (position_ < text.size() && text[position_] == '"') {
      content += '"';
      ++position_;
    } else {
      break;
    }
  }
  if (!AtLineEnd() && text[position_] != separator_) {
    Fail(column, "text after the closing quote of this cell");
  }
  unquoted_.push_back(std::move(content));
  return unquoted_.back();
}

char GuessSeparator(std::string_view text, std::string_view candidates) {
  const std::string_view line = text.substr(0, text.find('\n'));
  char best = candidates.front();
  std::ptrdiff_t most = 0;
  for (const char candidate : candidates) {
    const auto count = std::count(line.begin(), line.end(), candidate);
    if (count > most) {
      most = count;
      best = candidate;
    }
  }
  return best;
}

bool ParseNumber(std::string_view text, double* value) {
  text = Trim(text);
  if (text.empty()) return false;
  // from_chars also reads "inf", "nan" and "nan(...)": a number of ours starts
  // with a digit or a point after the sign.
  const size_t sign = text.front() == '-' ? 1 : 0;
  if (text.size() == sign) return false;
  const char first = text[sign];
  if (first != '.' && (first < '0' || first > '9')) return false;
  double parsed = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, parsed);
  if (error != std::errc() || stop != end || std::abs(parsed) > kLargest) {
    return false;
  }
  *value = parsed;
  return true;
}

bool ParseInteger(std::string_view text, int64_t* value) {
  text = Trim(text);
  int64_t parsed = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, parsed);
  if (text.empty() || error != std::errc() || stop != end) return false;
  *value = parsed;
  return true;
}

bool IsMissing(std::string_view text) {
  text = Trim(text);
  for (const char* const word : {"", "N/A", "NA", "nan", "-nan", "null"}) {
    if (EqualIgnoringCase(text, word)) return true;
  }
  return false;
}

double NumberOrMissing(const CsvReader& reader, const CsvCell& cell,
                       const std::string& column_name) {
  double value = std::numeric_limits<double>::quiet_NaN();
  if (IsMissing(cell.text) || ParseNumber(cell.text, &value)) return value;
  reader.Fail(cell.column, fmt::format("column '{}': {} is not a number",
                                       column_name, Quoted(cell.text)));
}

}  // namespace airlock
