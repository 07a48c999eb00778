#pragma once

#include <string_view>

// The parts of a page that are files of their own in the tree, or of Debian's
// libjs-vega, put into the program when it is built. Private to twin/report.
namespace airlock {

std::string_view PageStyle();   // page.css
std::string_view PageScript();  // page.js
// Vega's modules with a loader: defines `vega` with View and parse.
std::string_view VegaBundle();

}  // namespace airlock
