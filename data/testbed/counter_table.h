#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace airlock::testbed {

// What a column is about: scope is system, core, function or interface.
struct Subject {
  std::string scope;
  std::string id;  // empty for the system

  std::string Prefix() const {
    return id.empty() ? scope + "." : scope + "." + id + ".";
  }
};

// How the raw readings of a sample and the one before become the value.
enum class Reading {
  kLevel,  // raw * scale, at the sample
  kRate,   // increase of raw * scale / seconds
  kRatio,  // increase of raw * scale / increase of another raw
};

struct Column {
  std::string name;
  std::string role;  // kpi, input or counter
  std::string unit;
  Subject subject;
  std::string description;
  Reading reading = Reading::kLevel;
  int raw = -1;
  int divisor = -1;
  double scale = 1;
};

// The columns of a recording and the raw readings they are computed from.
class CounterTable {
 public:
  // A place for one raw reading; NaN there means missing.
  int AddRaw() { return raw_count_++; }

  int AddLevel(const Subject& subject, const std::string& metric,
               const std::string& unit, const std::string& description,
               double scale = 1) {
    return Add(subject, metric, unit, description, Reading::kLevel, AddRaw(),
               -1, scale);
  }
  int AddRate(const Subject& subject, const std::string& metric,
              const std::string& unit, const std::string& description,
              double scale = 1) {
    return Add(subject, metric, unit, description, Reading::kRate, AddRaw(), -1,
               scale);
  }
  // A second name for a raw that another column owns.
  void AddRateOf(int raw, const Subject& subject, const std::string& metric,
                 const std::string& unit, const std::string& description) {
    Add(subject, metric, unit, description, Reading::kRate, raw, -1, 1);
  }
  // From two raws that other columns own.
  void AddRatio(const Subject& subject, const std::string& metric,
                const std::string& unit, const std::string& description,
                int raw, int divisor, double scale = 1) {
    Add(subject, metric, unit, description, Reading::kRatio, raw, divisor,
        scale);
  }

  int raw_count() const { return raw_count_; }
  const std::vector<Column>& columns() const { return columns_; }

  // Value of a column between two samples `seconds` apart; NaN when missing,
  // when a counter went backwards, or when a ratio has nothing to divide by.
  static double Value(const Column& column, const std::vector<double>& before,
                      const std::vector<double>& now, double seconds) {
    if (column.reading == Reading::kLevel) {
      return now[column.raw] * column.scale;
    }
    constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
    const double increase = now[column.raw] - before[column.raw];
    if (!(increase >= 0)) return kMissing;
    if (column.reading == Reading::kRate) {
      return increase * column.scale / seconds;
    }
    const double divisor = now[column.divisor] - before[column.divisor];
    return divisor > 0 ? increase * column.scale / divisor : kMissing;
  }

 private:
  int Add(const Subject& subject, const std::string& metric,
          const std::string& unit, const std::string& description,
          Reading reading, int raw, int divisor, double scale) {
    columns_.push_back({subject.Prefix() + metric, "counter", unit, subject,
                        description, reading, raw, divisor, scale});
    return raw;
  }

  std::vector<Column> columns_;
  int raw_count_ = 0;
};

// Something that is read once a sample. It declares its columns when it is
// built and later fills the raw readings it owns.
class CounterSource {
 public:
  virtual ~CounterSource() = default;
  virtual void Read(double* raw) = 0;
};

}  // namespace airlock::testbed
