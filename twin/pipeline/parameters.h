#pragma once

#include <map>
#include <string>
#include <vector>

namespace airlock {

// A parameter of a trainer: its name, default and allowed range.
struct ForecasterParameter {
  const char* name;
  double default_value;
  double minimum;
  double maximum;
};

// A parameter that is worth searching, and where. `logarithmic`: it is its
// order of magnitude that matters. `integer`: only whole numbers.
//
// With `factor`, another parameter of the search, what is searched is the
// product of both, within [least_product, most_product]: a parameter whose best
// value is one over another's is easier to find so. The parameter follows from
// it and the factor, brought into its own range.
struct TunableParameter {
  const char* name;
  double minimum;
  double maximum;
  bool logarithmic = false;
  bool integer = false;
  const char* factor = nullptr;
  double least_product = 0;
  double most_product = 0;
};

// The defaults of `known` with `given` on top. Throws InputError for an unknown
// name (listing the known ones) or a value out of range.
std::map<std::string, double> ResolveParameters(
    const std::string& trainer, const std::vector<ForecasterParameter>& known,
    const std::map<std::string, double>& given);

}  // namespace airlock
