#include "twin/drift/monitor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/base/error.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

using nlohmann::json;
using Treatment = MonitorOptions::Treatment;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// The model's value at every sample; NaN where it has none.
std::vector<double> Expected(const ForecastModel& model, const Trace& trace) {
  const Predictions predictions = model.Predict(trace);
  std::vector<double> expected(static_cast<size_t>(trace.samples()), kUnknown);
  for (size_t i = 0; i < predictions.value.size(); ++i) {
    expected[static_cast<size_t>(predictions.origin[i])] = predictions.value[i];
  }
  return expected;
}

}  // namespace

std::vector<double> StandardisedResiduals(const std::vector<double>& observed,
                                          const std::vector<double>& expected,
                                          const std::vector<double>& spread,
                                          double least) {
  std::vector<double> residuals;
  for (size_t i = 0; i < observed.size(); ++i) {
    residuals.push_back((observed[i] - expected[i]) /
                        std::max(spread[i], least));
  }
  return residuals;
}

const char* ToString(Treatment treatment) {
  switch (treatment) {
    case Treatment::kRaw:
      return "raw";
    case Treatment::kPerUnit:
      return "per-unit";
    case Treatment::kResidual:
      return "residual";
  }
  return "";
}

Treatment ParseTreatment(const std::string& text) {
  for (const Treatment each :
       {Treatment::kRaw, Treatment::kPerUnit, Treatment::kResidual}) {
    if (text == ToString(each)) return each;
  }
  throw InputError(fmt::format(
      "drift monitor: '{}' is not a treatment; known: raw, per-unit, residual",
      text));
}

void Monitor::CheckColumns(const Trace& trace) const {
  std::string wrong;
  bool no_unit = false;
  std::set<std::string> checked;
  const auto check = [&](const std::string& name, const std::string& unit) {
    if (!checked.insert(name).second) return;
    const Column* column = trace.Find(name);
    if (column == nullptr) {
      wrong += fmt::format("{}{} is missing", wrong.empty() ? "" : ", ", name);
    } else if (column->unit != unit) {
      no_unit |= column->unit == "1";
      wrong += fmt::format("{}{} is in '{}' instead of '{}'",
                           wrong.empty() ? "" : ", ", name, column->unit, unit);
    }
  };
  for (const Watched& watched : watched_) {
    check(watched.column, watched.unit);
    if (!watched.level) continue;
    for (const FeatureFacts& facts : watched.level->features()) {
      for (const std::string& column : facts.feature.Columns()) {
        check(column, facts.feature.unit);
      }
    }
  }
  if (!per_unit_of_.empty()) check(per_unit_of_, per_unit_unit_);
  if (!wrong.empty()) {
    throw InputError(
        fmt::format("trace '{}' does not suit the drift trigger: "
                    "{}{}",
                    trace.source, wrong,
                    no_unit ? "; a CSV says units as `name [unit]`" : ""));
  }
}

std::vector<double> Monitor::ValuesOf(const Watched& watched,
                                      const Trace& trace) const {
  const std::vector<double>& observed = trace.Get(watched.column).values;
  switch (watched.treatment) {
    case Treatment::kRaw:
      return observed;
    case Treatment::kPerUnit: {
      const std::vector<double>& load = trace.Get(per_unit_of_).values;
      std::vector<double> ratio;
      for (size_t i = 0; i < observed.size(); ++i) {
        ratio.push_back(load[i] > 0 ? observed[i] / load[i] : kUnknown);
      }
      return ratio;
    }
    case Treatment::kResidual:
      return StandardisedResiduals(observed, Expected(*watched.level, trace),
                                   Expected(*watched.spread, trace),
                                   watched.least_spread);
  }
  return {};
}

std::vector<std::string> Monitor::units() const {
  std::vector<std::string> units;
  for (const Watched& watched : watched_) {
    switch (watched.treatment) {
      case Treatment::kRaw:
        units.push_back(watched.unit);
        break;
      case Treatment::kPerUnit:
        units.push_back(fmt::format("{} per {}", watched.unit, per_unit_unit_));
        break;
      case Treatment::kResidual:
        units.push_back("1");
        break;
    }
  }
  return units;
}

std::vector<bool> Monitor::responses() const {
  std::vector<bool> responses;
  for (const Watched& watched : watched_) {
    responses.push_back(watched.treatment != Treatment::kRaw);
  }
  return responses;
}

std::vector<std::string> Monitor::Columns() const {
  std::set<std::string> columns;
  if (!per_unit_of_.empty()) columns.insert(per_unit_of_);
  for (const Watched& watched : watched_) {
    columns.insert(watched.column);
    for (const auto& model : {watched.level, watched.spread}) {
      if (!model) continue;
      for (const FeatureFacts& facts : model->features()) {
        for (const std::string& column : facts.feature.Columns()) {
          columns.insert(column);
        }
      }
    }
  }
  return {columns.begin(), columns.end()};
}

std::vector<double> Monitor::Rows(const Trace& trace) const {
  CheckColumns(trace);
  std::vector<std::vector<double>> series;
  for (const Watched& watched : watched_) {
    series.push_back(ValuesOf(watched, trace));
  }
  std::vector<double> rows;
  for (size_t t = 0; t < trace.time_seconds.size(); ++t) {
    for (const std::vector<double>& values : series) {
      rows.push_back(values[t]);
    }
  }
  return rows;
}

MonitoredSamples Monitor::Apply(const Trace& trace) const {
  MonitoredSamples samples;
  samples.first = lags_;
  samples.values = Rows(trace);
  const auto dropped =
      static_cast<size_t>(std::min(lags_, trace.samples())) * names_.size();
  samples.values.erase(
      samples.values.begin(),
      samples.values.begin() + static_cast<std::ptrdiff_t>(dropped));
  return samples;
}

std::string Monitor::ToText() const {
  json watched = json::array();
  for (const Watched& each : watched_) {
    json saved = {{"column", each.column},
                  {"unit", each.unit},
                  {"treatment", ToString(each.treatment)}};
    if (each.treatment == Treatment::kResidual) {
      saved["level"] = json::parse(each.level->ToText());
      saved["spread"] = json::parse(each.spread->ToText());
      saved["least_spread"] = each.least_spread;
    }
    watched.push_back(std::move(saved));
  }
  return json{{"watched", watched},
              {"names", names_},
              {"per_unit_of", per_unit_of_},
              {"per_unit_unit", per_unit_unit_},
              {"lags", lags_}}
      .dump();
}

Monitor Monitor::FromText(const std::string& text) {
  try {
    const json saved = json::parse(text);
    Monitor monitor;
    monitor.names_ = saved.at("names").get<std::vector<std::string>>();
    monitor.per_unit_of_ = saved.at("per_unit_of").get<std::string>();
    monitor.per_unit_unit_ = saved.at("per_unit_unit").get<std::string>();
    monitor.lags_ = saved.at("lags").get<int64_t>();
    for (const json& each : saved.at("watched")) {
      Watched watched;
      watched.column = each.at("column").get<std::string>();
      watched.unit = each.at("unit").get<std::string>();
      const std::string treatment = each.at("treatment").get<std::string>();
      watched.treatment = ParseTreatment(treatment);
      if (watched.treatment == Treatment::kResidual) {
        watched.level = std::make_shared<ForecastModel>(ForecastModel::FromText(
            each.at("level").dump(), "level of " + watched.column));
        watched.spread =
            std::make_shared<ForecastModel>(ForecastModel::FromText(
                each.at("spread").dump(), "spread of " + watched.column));
        watched.least_spread = each.at("least_spread").get<double>();
      }
      monitor.watched_.push_back(std::move(watched));
    }
    if (monitor.names_.size() != monitor.watched_.size()) {
      throw InputError("drift monitor: its parts do not fit together");
    }
    return monitor;
  } catch (const json::exception& e) {
    throw InputError(fmt::format("not a drift monitor: {}", CauseOf(e)));
  }
}

}  // namespace airlock
