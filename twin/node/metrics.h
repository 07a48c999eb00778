#pragma once

#include <string>
#include <utility>
#include <vector>

namespace airlock {

// A page in Prometheus's text format, version 0.0.4. Metrics appear in the
// order in which they are added; all samples of a metric must be added one
// after the other.
class MetricsPage {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  // Starts a metric: `type` is "gauge" or "counter", whose name ends in _total.
  void Begin(const std::string& name, const std::string& type,
             const std::string& help);
  // A sample of the metric that was begun last. Label values may hold anything
  // (they are escaped, and what is not UTF-8 is replaced); values may be NaN or
  // infinite.
  void Add(double value, const Labels& labels = {});
  // A metric of one sample.
  void One(const std::string& name, const std::string& type,
           const std::string& help, double value, const Labels& labels = {});

  const std::string& text() const { return text_; }

  static constexpr const char* kContentType =
      "text/plain; version=0.0.4; charset=utf-8";

 private:
  std::string name_;
  std::string text_;
};

}  // namespace airlock
