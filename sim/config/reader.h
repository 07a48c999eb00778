#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/config/node.h"

namespace airlock {

// A configuration file with everything that it extends merged in and the
// command line's overrides applied. Every node still knows where it stands.
struct Document {
  Node root;                           // always a map
  std::vector<std::string> files;      // read, the extending one first
  std::vector<std::string> overrides;  // as given: "run.seed=3"
};

// Reads strict YAML: one document whose root is a map. Refused, each with its
// position, all of a file at once: duplicate keys, merge keys `<<`, tags,
// anchors and aliases, keys that are not plain text. Of syntax errors only the
// first can be told. Scalars stay text: fields.h gives them a type.
//
// `extends: base.yaml` at the root (relative to the file that says so) is
// replaced by that file's content: maps merge key by key, everything else in
// the extending file replaces. Cycles and missing files are findings.
//
// An override "a.b.c=value" sets one key after that; parts of the path select
// map keys, and elements of a list by position (from 0) or by their `name`. Its
// value is YAML too ("[1, 2]", "{rate: 1Gbps}").
//
// Nothing if there is no tree to look at (syntax error, unreadable file). A
// document comes back even with other findings, so that its types are checked
// too: ask the diagnostics before using it. Throws nothing: a file that cannot
// be read is a finding.
std::optional<Document> ReadDocument(const std::string& path,
                                     const std::vector<std::string>& overrides,
                                     Diagnostics* diagnostics);

// The same from a text. `name` is printed in messages; paths in the text are
// relative to `directory` ("": the current one).
std::optional<Document> ReadDocumentText(
    const std::string& text, const std::string& name,
    const std::string& directory, const std::vector<std::string>& overrides,
    Diagnostics* diagnostics);

}  // namespace airlock
