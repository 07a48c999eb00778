#include "twin/drift/statistic_parameters.h"

#include <cmath>

#include "sim/base/error.h"

namespace airlock {

StatisticParameters CompleteParameters(
    const std::string& statistic, const std::vector<StatisticParameter>& known,
    const StatisticParameters& given) {
  StatisticParameters complete;
  std::string names;
  for (const StatisticParameter& parameter : known) {
    names += (names.empty() ? "" : ", ") + std::string(parameter.name);
    const auto found = given.find(parameter.name);
    const double value = found == given.end() ? parameter.value : found->second;
    if (!(parameter.minimum <= value && value <= parameter.maximum)) {
      throw InputError(fmt::format("{}: {} is {}; write {} to {}", statistic,
                                   parameter.name, value, parameter.minimum,
                                   parameter.maximum));
    }
    complete[parameter.name] = value;
  }
  for (const auto& [name, value] : given) {
    if (complete.count(name) == 0) {
      throw InputError(fmt::format("{}: no parameter '{}'; known: {}",
                                   statistic, name, names));
    }
  }
  return complete;
}

int64_t WholeParameter(const std::string& statistic,
                       const StatisticParameters& complete,
                       const std::string& name) {
  const double value = complete.at(name);
  if (value != std::floor(value)) {
    throw InputError(fmt::format("{}: {} is {}; write a whole number",
                                 statistic, name, value));
  }
  return static_cast<int64_t>(value);
}

}  // namespace airlock
