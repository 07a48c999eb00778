#pragma once

#include <map>
#include <string>
#include <vector>

namespace airlock {

// A parameter of a forecaster: its name, default and allowed range.
struct ForecasterParameter {
  const char* name;
  double value;
  double minimum;
  double maximum;
};

// The defaults of `known` with `given` on top. Throws InputError for an unknown
// name (listing the known ones) or a value out of range.
std::map<std::string, double> ResolveParameters(
    const std::string& forecaster,
    const std::vector<ForecasterParameter>& known,
    const std::map<std::string, double>& given);

}  // namespace airlock
