#include "sim/base/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace airlock {
namespace {

const char* SeverityName(Diagnostic::Severity severity) {
  switch (severity) {
    case Diagnostic::Severity::kError:
      return "error";
    case Diagnostic::Severity::kWarning:
      return "warning";
    case Diagnostic::Severity::kNote:
      return "note";
  }
  return "error";
}

// A control character would reach the terminal as a command.
std::string Printable(std::string text) {
  for (char& c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c != '\n' && c != '\t' && (code < 0x20 || code == 0x7f)) c = '?';
  }
  return text;
}

std::string FormatOne(const Diagnostic& d) {
  std::string text = d.file;
  if (d.line > 0) text += fmt::format(":{}:{}", d.line, d.column);
  if (!text.empty()) text += ": ";
  text += SeverityName(d.severity);
  if (!d.key_path.empty()) text += ": " + d.key_path;
  text += ": " + d.message + "\n";
  if (d.source_line.empty()) {
    if (!d.hint.empty()) text += "     | " + d.hint + "\n";
    return text;
  }
  text += fmt::format("{:>5} | {}\n", d.line, d.source_line);
  std::string underline(static_cast<size_t>(std::max(0, d.column - 1)), ' ');
  underline += '^';
  underline.append(static_cast<size_t>(std::max(0, d.width - 1)), '~');
  text += fmt::format("      | {}{}{}\n", underline, d.hint.empty() ? "" : " ",
                      d.hint);
  return text;
}

// Optimal string alignment: edits are insert, delete, replace and swap of
// neighbours (Damerau 1964).
int EditDistance(const std::string& a, const std::string& b) {
  std::vector<std::vector<int>> d(a.size() + 1,
                                  std::vector<int>(b.size() + 1, 0));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = static_cast<int>(i);
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const int replace = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min(
          {d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

void Diagnostics::Add(Diagnostic diagnostic) {
  if (diagnostic.severity == Diagnostic::Severity::kError) ++errors_;
  all_.push_back(std::move(diagnostic));
}

void Diagnostics::Append(Diagnostics other) {
  for (Diagnostic& diagnostic : other.all_) Add(std::move(diagnostic));
}

std::string Diagnostics::Format() const {
  std::vector<Diagnostic> sorted = all_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Diagnostic& a, const Diagnostic& b) {
                     return std::tie(a.file, a.line, a.column) <
                            std::tie(b.file, b.line, b.column);
                   });
  std::string text;
  for (const Diagnostic& diagnostic : sorted) {
    text += Printable(FormatOne(diagnostic));
  }
  if (errors_ > 0) {
    text += fmt::format("{} error{}; nothing was run\n", errors_,
                        errors_ == 1 ? "" : "s");
  }
  return text;
}

std::string NearestName(const std::string& word,
                        const std::vector<std::string>& known) {
  const int limit = std::max(1, static_cast<int>(word.size()) / 3);
  std::string best;
  int best_distance = limit + 1;
  for (const std::string& name : known) {
    const int distance = EditDistance(word, name);
    if (distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace airlock
