#include "twin/node/metrics.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"

namespace airlock {
namespace {

// What is not UTF-8 becomes U+FFFD.
std::string ValidUtf8(const std::string& text) {
  const std::string quoted = nlohmann::json(text).dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
  return nlohmann::json::parse(quoted).get<std::string>();
}

// Backslash, line end and, in a label, the quote.
std::string Escaped(const std::string& raw, bool label) {
  std::string text;
  for (const char c : ValidUtf8(raw)) {
    if (c == '\\') {
      text += "\\\\";
    } else if (c == '\n') {
      text += "\\n";
    } else if (c == '"' && label) {
      text += "\\\"";
    } else {
      text += c;
    }
  }
  return text;
}

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

}  // namespace

void MetricsPage::Begin(const std::string& name, const std::string& type,
                        const std::string& help) {
  AIRLOCK_CHECK(text_.find("# TYPE " + name + " ") == std::string::npos, "{}",
                name);
  name_ = name;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name,
                       Escaped(help, false), name, type);
}

void MetricsPage::Add(double value, const Labels& labels) {
  text_ += name_;
  if (!labels.empty()) {
    const char* separator = "{";
    for (const auto& [label, content] : labels) {
      text_ +=
          fmt::format("{}{}=\"{}\"", separator, label, Escaped(content, true));
      separator = ",";
    }
    text_ += "}";
  }
  text_ += " " + Number(value) + "\n";
}

void MetricsPage::One(const std::string& name, const std::string& type,
                      const std::string& help, double value,
                      const Labels& labels) {
  Begin(name, type, help);
  Add(value, labels);
}

}  // namespace airlock
