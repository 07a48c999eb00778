#pragma once

#include <string>
#include <vector>

namespace airlock {

// One finding about an input file. Lines and columns count from 1; 0 means
// that there is none (a command line override, say).
struct Diagnostic {
  enum class Severity { kError, kWarning, kNote };

  Severity severity = Severity::kError;
  std::string file;
  int line = 0;
  int column = 0;
  int width = 1;            // characters to underline
  std::string key_path;     // "topology.host_link.rate", or empty
  std::string message;      // "'25Gbsp' is not a bandwidth"
  std::string hint;         // "write a number and bps, ...", or empty
  std::string source_line;  // the line of the file, or empty
};

// Collects everything that is wrong with the input, so that one run reports it
// all. Owned by whoever reads the input; nothing runs while has_errors().
class Diagnostics {
 public:
  void Add(Diagnostic diagnostic);
  // Moves all of `other`'s findings behind these.
  void Append(Diagnostics other);

  bool has_errors() const { return errors_ > 0; }
  int errors() const { return errors_; }
  const std::vector<Diagnostic>& all() const { return all_; }

  // All findings, sorted by file, line and column, each as
  //   file:line:column: error: key: message
  //      13 |   the source line
  //         |         ^~~~~ hint
  // and a last line "2 errors; nothing was run" if there are errors.
  std::string Format() const;

 private:
  std::vector<Diagnostic> all_;
  int errors_ = 0;
};

// The element of `known` nearest to `word` (Damerau-Levenshtein distance at
// most a third of the word's length, at least 1), or empty.
std::string NearestName(const std::string& word,
                        const std::vector<std::string>& known);

}  // namespace airlock
