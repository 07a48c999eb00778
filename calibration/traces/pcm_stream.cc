#include "calibration/traces/pcm_stream.h"

#include <fmt/format.h>

#include <algorithm>

#include "calibration/traces/pcm_file.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr size_t kLongestLine = 16 << 20;
// Of the tool's own words before the header.
constexpr int kMostLinesBefore = 1000;

}  // namespace

PcmStream::PcmStream(std::string name) : name_(std::move(name)), clock_(name_) {
  columns_.source = "pcm";
}

bool PcmStream::NextLine(std::string_view* line) {
  const size_t end = text_.find('\n', position_);
  if (end != std::string::npos) {
    *line = std::string_view(text_).substr(position_, end + 1 - position_);
    return true;
  }
  *line = std::string_view(text_).substr(position_);
  if (line->size() > kLongestLine) {
    FailAt(name_, line_ + 1, 0, "this line has no end: not a CSV");
  }
  // PCM's cells are not quoted.
  return header_ && header_->trailing_separator() && !line->empty() &&
         line->back() == separator_ &&
         std::count(line->begin(), line->end(), separator_) + 1 ==
             static_cast<std::ptrdiff_t>(header_->cells());
}

void PcmStream::ReadHeader(std::string_view line) {
  const TextFile text{name_, groups_ + std::string(line), ""};
  const PcmTool tool = groups_.empty() ? PcmTool::kNone : RecognisePcm(text);
  if (tool == PcmTool::kNone || tool == PcmTool::kPcie) {
    if (line_ >= kMostLinesBefore) {
      FailAt(name_, line_ + 1, 0,
             "no header of `pcm -csv` so far: a group row and then "
             "'Date,Time,...'");
    }
    groups_ = line;
    return;
  }
  separator_ = GuessSeparator(text.text, ",;");
  CsvReader reader(text, separator_, CsvReader::LastLine::kMustEnd, line_);
  header_.emplace(&reader, tool == PcmTool::kMemory, &columns_);
  for (size_t i = 0; i < header_->columns(); ++i) {
    columns_.columns.push_back(header_->column(i).column);
  }
}

void PcmStream::ReadLine(std::string_view line, Trace* rows) {
  if (Trim(line.substr(0, line.find_last_not_of("\r\n") + 1)).empty()) return;
  if (line.find('\0') != std::string_view::npos) {
    FailAt(name_, line_ + 1, static_cast<int>(line.find('\0')) + 1,
           "a NUL byte: this is not text");
  }
  if (!header_) {
    ReadHeader(line);
    if (header_) *rows = columns_;
    return;
  }
  const TextFile text{name_, std::string(line), ""};
  CsvReader reader(text, separator_, CsvReader::LastLine::kMayEnd, line_ + 1);
  std::vector<CsvCell> cells;
  if (reader.Next(&cells)) header_->ReadRow(reader, cells, &clock_, rows);
}

Trace PcmStream::Take(std::string_view bytes) {
  text_.erase(0, position_);
  position_ = 0;
  text_ += bytes;
  Trace rows = columns_;
  std::string_view line;
  while (NextLine(&line)) {
    try {
      ReadLine(line, &rows);
    } catch (const InputError&) {
      if (rows.samples() > 0) return rows;  // what is before the wrong line
      throw;
    }
    position_ += line.size();
    if (line.back() == '\n') ++line_;
  }
  return rows;
}

}  // namespace airlock
