#include "calibration/traces/text_file.h"

#include <boost/iostreams/copy.hpp>
#include <boost/iostreams/device/array.hpp>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filter/lzma.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <cstdint>
#include <exception>
#include <filesystem>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"

namespace airlock {
namespace {

namespace io = boost::iostreams;

constexpr size_t kLargestFile = size_t{2} << 30;
constexpr std::string_view kXzMagic(
    "\xFD"
    "7zXZ\0",
    6);
constexpr std::string_view kGzipMagic("\x1F\x8B", 2);
constexpr std::string_view kByteOrderMark("\xEF\xBB\xBF", 3);

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// An .xz file ends with the two bytes "YZ" and stream padding of zero bytes in
// fours (.xz file format 1.2.1, sections 2.1.2.4 and 2.2). Checked here because
// the stream filter does not promise to notice a cut between blocks.
bool HasXzFooter(std::string_view bytes) {
  while (bytes.size() >= 4 &&
         bytes.substr(bytes.size() - 4) == std::string_view("\0\0\0\0", 4)) {
    bytes.remove_suffix(4);
  }
  return bytes.size() >= 32 && bytes.substr(bytes.size() - 2) == "YZ";
}

template <typename Filter>
std::string Uncompress(const std::string& path, const std::string& bytes,
                       const char* format, Filter filter) {
  std::string text;
  try {
    io::filtering_istream stream;
    stream.push(filter);
    stream.push(io::array_source(bytes.data(), bytes.size()));
    stream.exceptions(std::ios::badbit);
    char buffer[1 << 16];
    while (stream.read(buffer, sizeof buffer), stream.gcount() > 0) {
      text.append(buffer, static_cast<size_t>(stream.gcount()));
      if (text.size() > kLargestFile) {
        FailAt(path, 0, 0, "more than 2 GiB when uncompressed");
      }
    }
  } catch (const Error&) {
    throw;
  } catch (const std::exception& reason) {
    FailAt(
        path, 0, 0,
        fmt::format("cannot uncompress as {}: the file is cut or corrupt ({})",
                    format, reason.what()));
  }
  return text;
}

// The number of bytes of the UTF-8 character at the start of `text`, or 0 if
// there is none (RFC 3629: no overlong forms, no surrogates).
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto follows = [&](size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) >= 0xA0) return 0;
    return follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first < 0xF5) {
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) >= 0x90) return 0;
    return follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

// Throws InputError at the first byte that is not text.
void CheckIsText(const TextFile& file) {
  const std::string_view text = file.text;
  int line = 1;
  size_t line_start = 0;
  for (size_t i = 0; i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    const int column = static_cast<int>(i - line_start) + 1;
    if (c == 0) FailAt(file.path, line, column, "a NUL byte: not a text file");
    const size_t length = c < 0x80 ? 1 : Utf8Length(text.substr(i));
    if (length == 0) {
      FailAt(file.path, line, column,
             fmt::format("byte 0x{:02X} is not UTF-8 text", c));
    }
    i += length;
    if (c == '\n') {
      ++line;
      line_start = i;
    }
  }
}

}  // namespace

TextFile ReadTextFile(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    FailAt(path, 0, 0, "is a folder, not a file");
  }
  TextFile file;
  file.path = path;
  std::string bytes = ReadFile(path);
  if (StartsWith(bytes, kXzMagic)) {
    if (!HasXzFooter(bytes)) {
      FailAt(path, 0, 0, "cannot uncompress as xz: the file is cut or corrupt");
    }
    bytes = Uncompress(path, bytes, "xz", io::lzma_decompressor());
  } else if (StartsWith(bytes, kGzipMagic)) {
    bytes = Uncompress(path, bytes, "gzip", io::gzip_decompressor());
  }
  if (bytes.size() > kLargestFile) FailAt(path, 0, 0, "more than 2 GiB");
  file.sha256 = Sha256(bytes);
  if (StartsWith(bytes, kByteOrderMark)) bytes.erase(0, kByteOrderMark.size());
  if (bytes.empty()) FailAt(path, 0, 0, "the file is empty");
  file.text = std::move(bytes);
  CheckIsText(file);
  return file;
}

void FailAt(const std::string& path, int line, int column,
            const std::string& message) {
  std::string position = path;
  if (line > 0) position += fmt::format(":{}", line);
  if (line > 0 && column > 0) position += fmt::format(":{}", column);
  throw InputError(fmt::format("{}: error: {}", position, message));
}

std::string Quoted(std::string_view text) {
  constexpr size_t kLongest = 40;
  std::string quoted = "'";
  for (const char c : text.substr(0, kLongest)) {
    quoted += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  }
  quoted += text.size() > kLongest ? "...'" : "'";
  return quoted;
}

}  // namespace airlock
