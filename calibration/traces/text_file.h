#pragma once

#include <string>
#include <string_view>

namespace airlock {

// A text file in memory, uncompressed and checked: not empty, no NUL byte,
// valid UTF-8, without its byte order mark. Line ends are as in the file.
struct TextFile {
  std::string path;    // as the caller named it; positions are printed with it
  std::string text;    // what was in the file, uncompressed, without the mark
  std::string sha256;  // of the uncompressed bytes, the mark included
};

// Reads `path`, uncompressing xz and gzip (known by their first bytes, not by
// the name). Throws Error if it cannot be read, InputError with the position
// if it is empty, cut short, corrupt, larger than 2 GiB or not text.
TextFile ReadTextFile(const std::string& path);

// Throws InputError "path:line:column: error: message"; a column of 0 and then
// a line of 0 are left out. Columns count bytes from 1.
[[noreturn]] void FailAt(const std::string& path, int line, int column,
                         const std::string& message);

// `text` for an error message: quoted, control characters as '?', at most 40
// bytes.
std::string Quoted(std::string_view text);

}  // namespace airlock
