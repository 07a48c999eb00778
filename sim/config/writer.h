#pragma once

#include <string>

#include "sim/config/node.h"

namespace airlock {

enum class DefaultMarks {
  kUnmarked,
  kMarked,  // a trailing "# default" where is_default
};

// YAML text of a map: block style, lists of scalars in brackets, strings quoted
// where they need it. ReadDocumentText gives the same content back.
std::string WriteYaml(const Node& map, DefaultMarks marks);

// One line: scalars as they are, [a, b], {k: v}.
std::string WriteFlow(const Node& node);

// Whether YAML readers would take the text, without quotes, for a boolean, a
// number or nothing.
bool ReadsAsAnotherType(const std::string& text);

}  // namespace airlock
