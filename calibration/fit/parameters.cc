#include "calibration/fit/parameters.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/stats/quantile.h"

namespace airlock {

namespace {

constexpr double kNormal95 = 1.6448536269514722;
// A prior of 90 % within a factor of 4.
const double kLogScale = std::log(4.0) / kNormal95;
constexpr double kSlopeScale = 1;    // relative service time per unit
constexpr double kStallScale = 100;  // 1/s per unit

struct ContentionKind {
  const char* name;
  double Contention::*level;
};
constexpr ContentionKind kKinds[] = {{"cpu", &Contention::cpu},
                                     {"cache", &Contention::cache},
                                     {"memory", &Contention::memory},
                                     {"io", &Contention::io}};

bool Varies(const Trace& trace, const std::string& name) {
  const Column* column = trace.Find(name);
  if (column == nullptr) return false;
  double low = HUGE_VAL;
  double high = -HUGE_VAL;
  for (const double value : column->values) {
    if (std::isnan(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  return high > low;
}

const ContentionKind* KindOf(const std::string& key) {
  const std::string name = key.substr(key.find('.') + 1);
  for (const ContentionKind& kind : kKinds) {
    if (name == kind.name) return &kind;
  }
  return nullptr;
}

SimTime RoundTime(double ns) { return SimTime(std::llround(ns)); }

void SetOne(const std::string& key, double value, ChainFunction* function) {
  if (key == "service.per_packet") {
    function->service.per_packet_ns = value;
  } else if (key == "service.per_byte") {
    function->service.per_byte_ns = value;
  } else if (key == "service.cv") {
    function->service.cv = value;
  } else if (key == "ring") {
    function->ring = std::max<int64_t>(1, std::llround(value));
  } else if (key == "wakeup") {
    function->wakeup = RoundTime(value);
  } else if (key == "stall_interval") {
    function->stall_interval = RoundTime(std::max(1.0, value));
  } else if (key == "stall_duration") {
    function->stall_duration = RoundTime(std::max(1.0, value));
  } else if (key.rfind("contention_slope.", 0) == 0) {
    function->contention_slope.*KindOf(key)->level = value;
  } else if (key.rfind("stall_slope.", 0) == 0) {
    function->stall_slope.*KindOf(key)->level = value;
  } else {
    AIRLOCK_CHECK(false, "{}", key);
  }
}

// Collects the parameters of one function.
class FunctionParameters {
 public:
  FunctionParameters(size_t index, ParameterSpace* space)
      : index_(index), space_(space) {}

  // Positive; skipped where the scenario has 0, for the mechanism is off.
  void AddLog(const char* key, const char* unit, double start) {
    if (start <= 0) return;
    space_->parameters.push_back(
        {key, unit, {index_}, start, kLogScale, true, 0});
  }
  void AddLinear(const std::string& key, const char* unit, double start,
                 double scale) {
    space_->parameters.push_back({key, unit, {index_}, start, scale, false, 0});
  }

 private:
  size_t index_;
  ParameterSpace* space_;
};

void AddFunction(const ChainConfig& chain, size_t index, const Trace& fit,
                 ParameterSpace* space) {
  const ChainFunction& function = chain.functions[index];
  FunctionParameters add(index, space);
  add.AddLog("service.per_packet", "ns", function.service.per_packet_ns);
  add.AddLog("service.per_byte", "ns/B", function.service.per_byte_ns);
  const std::string& shape = function.service.distribution;
  if (shape == "gamma" || shape == "lognormal") {
    add.AddLog("service.cv", "1", function.service.cv);
  }
  add.AddLog("ring", "packet", static_cast<double>(function.ring));
  add.AddLog("wakeup", "ns", static_cast<double>(function.wakeup.value()));
  const bool stalls = function.stall_duration.value() > 0;
  if (stalls) {
    add.AddLog("stall_interval", "ns",
               static_cast<double>(function.stall_interval.value()));
    add.AddLog("stall_duration", "ns",
               static_cast<double>(function.stall_duration.value()));
  }
  for (const ContentionKind& kind : kKinds) {
    const double slope = function.contention_slope.*kind.level;
    if (Varies(fit, std::string("contention_") + kind.name)) {
      add.AddLinear(std::string("contention_slope.") + kind.name, "1", slope,
                    kSlopeScale);
      if (stalls) {
        add.AddLinear(std::string("stall_slope.") + kind.name, "1/s",
                      function.stall_slope.*kind.level, kStallScale);
      }
    } else {
      space->fixed.push_back(
          {function.name, std::string("contention_slope.") + kind.name, "1",
           slope, std::max(0.0, slope - kNormal95 * kSlopeScale),
           slope + kNormal95 * kSlopeScale, "fixed",
           std::string("contention_") + kind.name +
               " does not vary in the fit part of the trace"});
    }
  }
}

void AddShared(const ChainConfig& chain, const std::vector<size_t>& functions,
               ParameterSpace* space) {
  if (functions.empty()) return;
  Parameter factor;
  factor.key = "service";
  factor.unit = "1";
  factor.functions = functions;
  factor.start = 1;
  factor.scale = kLogScale;
  space->parameters.push_back(factor);
  for (const size_t index : functions) {
    const ChainFunction& function = chain.functions[index];
    const double ring = static_cast<double>(function.ring);
    space->fixed.push_back({function.name, "ring", "packet", ring, ring / 4,
                            ring * 4, "fixed",
                            "the trace does not count this function's drops"});
  }
}

}  // namespace

double Parameter::ValueOf(double u) const {
  const double value =
      logarithmic ? start * std::exp(scale * u) : start + scale * u;
  return std::max(lowest, value);
}

std::vector<std::string> BusyColumns(const ChainConfig& chain,
                                     const Trace& trace) {
  std::vector<std::string> columns;
  for (const ChainFunction& function : chain.functions) {
    std::string found;
    for (const char* metric : {"busy", "cpu"}) {
      const std::string name = "function." + function.name + "." + metric;
      if (found.empty() && trace.Find(name) != nullptr) found = name;
    }
    columns.push_back(found);
  }
  return columns;
}

ParameterSpace MakeParameterSpace(const ChainConfig& chain, const Trace& fit) {
  ParameterSpace space;
  const std::vector<std::string> busy = BusyColumns(chain, fit);
  std::vector<size_t> own;
  std::vector<size_t> shared;
  size_t slowest = 0;
  const auto service = [&](size_t i) {
    const ServiceTime& time = chain.functions[i].service;
    return time.per_packet_ns + 1000 * time.per_byte_ns;
  };
  for (size_t i = 0; i < busy.size(); ++i) {
    (busy[i].empty() ? shared : own).push_back(i);
    if (service(i) > service(slowest)) slowest = i;
  }
  if (own.empty()) {
    own.push_back(slowest);
    shared.erase(std::find(shared.begin(), shared.end(), slowest));
  }
  for (const size_t index : own) AddFunction(chain, index, fit, &space);
  AddShared(chain, shared, &space);
  return space;
}

ChainConfig WithParameters(const ChainConfig& chain,
                           const std::vector<Parameter>& parameters,
                           const std::vector<double>& u) {
  ChainConfig changed = chain;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const double value = parameters[i].ValueOf(u[i]);
    for (const size_t index : parameters[i].functions) {
      ChainFunction& function = changed.functions[index];
      if (parameters[i].key == "service") {
        function.service.per_packet_ns *= value;
        function.service.per_byte_ns *= value;
      } else {
        SetOne(parameters[i].key, value, &function);
      }
    }
  }
  return changed;
}

std::vector<FittedParameter> Summarise(const ChainConfig& chain,
                                       const Parameter& parameter,
                                       const std::vector<double>& draws) {
  std::vector<double> values;
  double mean = 0;
  for (const double u : draws) {
    values.push_back(parameter.ValueOf(u));
    mean += values.back() / static_cast<double>(draws.size());
  }
  const std::vector<double> ends = Quantiles(values, {0.05, 0.95});
  std::vector<FittedParameter> rows;
  for (const size_t index : parameter.functions) {
    const ChainFunction& function = chain.functions[index];
    if (parameter.key != "service") {
      rows.push_back({function.name, parameter.key, parameter.unit, mean,
                      ends[0], ends[1], "fitted", ""});
      continue;
    }
    const std::string note =
        parameter.functions.size() > 1
            ? "one factor for all functions without counters of their own; how "
              "it divides between them is the scenario's"
            : "the function has no counters of its own: only its service time "
              "is fitted, and only as a whole";
    const auto row = [&](const char* key, const char* unit, double start) {
      if (start <= 0) return;
      rows.push_back({function.name, key, unit, start * mean, start * ends[0],
                      start * ends[1], "shared", note});
    };
    row("service.per_packet", "ns", function.service.per_packet_ns);
    row("service.per_byte", "ns/B", function.service.per_byte_ns);
  }
  return rows;
}

std::vector<FittedParameter> SummarisePrior(const ChainConfig& chain,
                                            const Parameter& parameter,
                                            const std::string& note) {
  std::vector<FittedParameter> rows = Summarise(chain, parameter, {0});
  const auto low = Summarise(chain, parameter, {-kNormal95});
  const auto high = Summarise(chain, parameter, {kNormal95});
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].low = low[i].value;
    rows[i].high = high[i].value;
    rows[i].origin = "fixed";
    rows[i].note = note;
  }
  return rows;
}

}  // namespace airlock
