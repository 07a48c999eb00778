#pragma once

#include <cmath>
#include <cstdlib>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

// A strict reader of Prometheus's text format 0.0.4, written from its
// description (prometheus.io/docs/instrumenting/exposition_formats): what a
// scraper forgives is an error here.
namespace airlock::testing {

struct PrometheusSample {
  std::map<std::string, std::string> labels;
  double value = 0;
};

struct PrometheusMetric {
  std::string type;
  std::string help;
  std::vector<PrometheusSample> samples;
};

class PrometheusText {
 public:
  explicit PrometheusText(const std::string& text) {
    if (text.empty() || text.back() != '\n') {
      throw std::runtime_error("the last line has no end");
    }
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      ++line_;
      if (line.empty()) Fail("an empty line");
      if (line.rfind("# HELP ", 0) == 0) {
        ReadHelp(line.substr(7));
      } else if (line.rfind("# TYPE ", 0) == 0) {
        ReadType(line.substr(7));
      } else if (line[0] == '#') {
        Fail("a comment that is neither HELP nor TYPE");
      } else {
        ReadSample(line);
      }
    }
  }

  const std::map<std::string, PrometheusMetric>& metrics() const {
    return metrics_;
  }
  bool Has(const std::string& name) const { return metrics_.count(name) > 0; }
  // The one sample that has these labels among its own.
  double Value(const std::string& name,
               const std::map<std::string, std::string>& labels = {}) const {
    const auto metric = metrics_.find(name);
    if (metric == metrics_.end()) throw std::runtime_error("no " + name);
    const PrometheusSample* found = nullptr;
    for (const PrometheusSample& sample : metric->second.samples) {
      bool fits = true;
      for (const auto& [key, value] : labels) {
        const auto label = sample.labels.find(key);
        fits = fits && label != sample.labels.end() && label->second == value;
      }
      if (!fits) continue;
      if (found != nullptr) throw std::runtime_error("two of " + name);
      found = &sample;
    }
    if (found == nullptr) throw std::runtime_error("no sample of " + name);
    return found->value;
  }

 private:
  [[noreturn]] void Fail(const std::string& what) const {
    throw std::runtime_error("line " + std::to_string(line_) + ": " + what);
  }

  static bool IsName(const std::string& text) {
    static const std::regex name("[a-zA-Z_:][a-zA-Z0-9_:]*");
    return std::regex_match(text, name);
  }

  void ReadHelp(const std::string& rest) {
    const size_t blank = rest.find(' ');
    const std::string name = rest.substr(0, blank);
    if (!IsName(name) || blank == std::string::npos)
      Fail("HELP without a text");
    if (metrics_.count(name) > 0) Fail("HELP of " + name + " twice");
    current_ = name;
    metrics_[name].help = Unescaped(rest.substr(blank + 1), false);
  }

  void ReadType(const std::string& rest) {
    const size_t blank = rest.find(' ');
    const std::string name = rest.substr(0, blank);
    static const std::set<std::string> types = {"counter", "gauge", "histogram",
                                                "summary", "untyped"};
    if (name != current_ || !metrics_[name].samples.empty() ||
        !metrics_[name].type.empty()) {
      Fail("TYPE of " + name + " is not behind its HELP");
    }
    metrics_[name].type = rest.substr(blank + 1);
    if (types.count(metrics_[name].type) == 0) Fail("unknown type");
    const bool total =
        name.size() > 6 && name.substr(name.size() - 6) == "_total";
    if ((metrics_[name].type == "counter") != total) {
      Fail(name + ": a counter ends in _total, and nothing else does");
    }
  }

  std::string Unescaped(const std::string& text, bool label) const {
    std::string result;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\') {
        if (label && text[i] == '"') Fail("a quote inside a label");
        result += text[i];
        continue;
      }
      if (++i == text.size()) Fail("a backslash at the end");
      if (text[i] == 'n') {
        result += '\n';
      } else if (text[i] == '\\' || (label && text[i] == '"')) {
        result += text[i];
      } else {
        Fail(std::string("unknown escape \\") + text[i]);
      }
    }
    return result;
  }

  // From the '{' at `at`; returns where the '}' was left.
  size_t ReadLabels(const std::string& line, size_t at,
                    PrometheusSample* sample) {
    static const std::regex label_name("[a-zA-Z_][a-zA-Z0-9_]*");
    ++at;
    while (line[at] != '}') {
      const size_t equals = line.find("=\"", at);
      if (equals == std::string::npos) Fail("a label without a value");
      const std::string key = line.substr(at, equals - at);
      if (!std::regex_match(key, label_name)) Fail("label name " + key);
      size_t end = equals + 2;
      while (end < line.size() && line[end] != '"') {
        end += line[end] == '\\' ? 2 : 1;
      }
      if (end >= line.size()) Fail("a label that does not end");
      const std::string value =
          Unescaped(line.substr(equals + 2, end - equals - 2), true);
      if (!sample->labels.emplace(key, value).second) Fail(key + " twice");
      at = end + 1;
      if (line[at] == ',') {
        ++at;
        if (line[at] == '}') Fail("a comma without a label");
      } else if (line[at] != '}') {
        Fail("expected , or }");
      }
    }
    return at + 1;
  }

  void ReadSample(const std::string& line) {
    const size_t end = line.find_first_of("{ ");
    if (end == std::string::npos) Fail("a sample without a value");
    const std::string name = line.substr(0, end);
    if (!IsName(name)) Fail("name " + name);
    if (name != current_) Fail(name + " is not behind its TYPE");
    PrometheusMetric& metric = metrics_[name];
    if (metric.type.empty()) Fail(name + " has no TYPE");
    PrometheusSample sample;
    size_t at = end;
    if (line[at] == '{') at = ReadLabels(line, at, &sample);
    if (at >= line.size() || line[at] != ' ') Fail("no blank before the value");
    const std::string number = line.substr(at + 1);
    static const std::regex form(
        R"(NaN|[+-]Inf|-?(\d+|\d+\.\d*|\.\d+)([eE][+-]?\d+)?)");
    if (!std::regex_match(number, form)) Fail("value '" + number + "'");
    sample.value =
        number == "NaN" ? std::nan("") : std::strtod(number.c_str(), nullptr);
    if (metric.type == "counter" && !(sample.value >= 0)) {
      Fail(name + ": a counter below 0");
    }
    for (const PrometheusSample& other : metric.samples) {
      if (other.labels == sample.labels) Fail("the same sample twice");
    }
    metric.samples.push_back(sample);
  }

  int line_ = 0;
  std::string current_;
  std::map<std::string, PrometheusMetric> metrics_;
};

}  // namespace airlock::testing
