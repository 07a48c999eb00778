#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"

namespace airlock {

// The text that a node was read from.
struct SourceText {
  std::string name;                // as it is printed: path, "--set a.b=1"
  std::string directory;           // relative paths start here; "": current
  std::vector<std::string> lines;  // empty for a command line override
};

// Where something stands. Lines and columns count from 1, columns in
// characters (not bytes); line 0 means that the source has no lines.
struct Mark {
  std::shared_ptr<const SourceText> source;
  int line = 0;
  int column = 0;
  int width = 1;  // characters to underline
};

// One value of a configuration file, untyped: what the reader makes of YAML and
// what the writer turns into YAML.
struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Entry;

  Kind kind = Kind::kNull;
  std::string text;            // kScalar, without quotes
  bool quoted = false;         // kScalar: was, or must be, in quotes
  std::vector<Node> items;     // kList
  std::vector<Entry> entries;  // kMap, in the file's order; keys are unique
  Mark mark;
  bool is_default = false;  // for the writer: equals the declared default
  bool is_none = false;     // kNull: spelled out as `null` or `~`

  // nullptr if this is no map or has no such key.
  const Entry* Find(const std::string& key) const;
  Entry* Find(const std::string& key);
  std::vector<std::string> Keys() const;
};

struct Node::Entry {
  std::string key;
  Mark key_mark;
  Node value;
};

Node ScalarNode(std::string text, bool quoted = false);
// Equal kinds, texts, items and entries; marks and flags may differ.
bool SameContent(const Node& a, const Node& b);

// Adds a finding at `mark`. The source line is shown if there is a hint to
// stand under it.
void AddFinding(const Mark& mark, const std::string& key_path,
                const std::string& message, const std::string& hint,
                Diagnostics* diagnostics,
                Diagnostic::Severity severity = Diagnostic::Severity::kError);

// "functions" + "0" -> "functions.0"; an empty parent gives the child.
std::string JoinKeys(const std::string& parent, const std::string& child);

// Reports findings about the node at `key_path` and about what is below it.
// Owns nothing; the node and the diagnostics outlive it.
class Reporter {
 public:
  Reporter(const Node* node, std::string key_path, Diagnostics* diagnostics)
      : node_(node),
        key_path_(std::move(key_path)),
        diagnostics_(diagnostics) {}

  // `key` is relative to the node: "rate", "functions.0.ring", or "" for the
  // node itself. A key that the file does not give is reported at the nearest
  // thing around it that the file does give.
  void Error(const std::string& key, const std::string& message,
             const std::string& hint = "") const;
  void Warning(const std::string& key, const std::string& message,
               const std::string& hint = "") const;
  // Whether the file (or an override) gives `key`.
  bool Given(const std::string& key) const;
  // Where `key` stands, or the nearest thing around it.
  Mark MarkOf(const std::string& key) const;

 private:
  const Node* node_;
  std::string key_path_;
  Diagnostics* diagnostics_;
};

}  // namespace airlock
