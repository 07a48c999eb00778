#include "twin/pipeline/parameters.h"

#include <algorithm>

#include "sim/base/error.h"

namespace airlock {

std::map<std::string, double> ResolveParameters(
    const std::string& trainer, const std::vector<ForecasterParameter>& known,
    const std::map<std::string, double>& given) {
  std::map<std::string, double> resolved;
  std::string names;
  for (const ForecasterParameter& parameter : known) {
    resolved[parameter.name] = parameter.default_value;
    names +=
        names.empty() ? parameter.name : fmt::format(", {}", parameter.name);
  }
  for (const auto& [name, value] : given) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&name = name](const auto& parameter) {
                                      return parameter.name == name;
                                    });
    if (found == known.end()) {
      throw InputError(
          fmt::format("forecaster {}: unknown parameter '{}'; known: {}",
                      trainer, name, names.empty() ? "none" : names));
    }
    if (!(value >= found->minimum && value <= found->maximum)) {
      throw InputError(
          fmt::format("forecaster {}: {} = {} must lie within {} and {}",
                      trainer, name, value, found->minimum, found->maximum));
    }
    resolved[name] = value;
  }
  return resolved;
}

}  // namespace airlock
