#pragma once

#include <string>

namespace airlock {

// Cells of decisions.csv: a number as short as reads back bit by bit, empty for
// NaN; a text in quotes where it needs them (RFC 4180), line ends as blanks.
std::string NumberCell(double value);
std::string TextCell(const std::string& text);

}  // namespace airlock
