#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/run_program.h"

// A page as headless Chromium shows it.
namespace airlock::testing {

inline const char* const kBrowser = "/usr/bin/chromium";

struct BrowsedPage {
  std::string document;               // after the scripts have run
  std::vector<std::string> messages;  // of the console: there should be none
};

// Loads `path`, with everything off the page's own file unreachable. `folder`
// is for the browser's own files.
inline BrowsedPage Browse(const std::string& path, const std::string& folder) {
  const ProgramResult result =
      Run({kBrowser, "--headless", "--no-sandbox", "--disable-gpu",
           "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND",
           "--user-data-dir=" + folder, "--enable-logging=stderr",
           "--virtual-time-budget=20000", "--dump-dom",
           "file://" + std::filesystem::absolute(path).string()});
  BrowsedPage page;
  page.document = result.out;
  static const std::regex console("CONSOLE[^\n]*");
  for (auto i =
           std::sregex_iterator(result.err.begin(), result.err.end(), console);
       i != std::sregex_iterator(); ++i) {
    page.messages.push_back(i->str());
  }
  return page;
}

// How often `text` occurs.
inline int64_t Count(const std::string& document, const std::string& text) {
  int64_t count = 0;
  for (size_t at = document.find(text); at != std::string::npos;
       at = document.find(text, at + text.size())) {
    ++count;
  }
  return count;
}

// JSON pointer -> value of every number in the page's tables.
inline std::vector<std::pair<std::string, double>> NumbersOf(
    const std::string& document) {
  static const std::regex element(
      "<data value=\"([^\"]*)\" data-key=\"([^\"]*)\">");
  std::vector<std::pair<std::string, double>> numbers;
  for (auto i = std::sregex_iterator(document.begin(), document.end(), element);
       i != std::sregex_iterator(); ++i) {
    numbers.emplace_back((*i)[2], std::stod((*i)[1]));
  }
  return numbers;
}

}  // namespace airlock::testing
