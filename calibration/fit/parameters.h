#pragma once

#include <string>
#include <vector>

#include "sim/scenario/calibration_profile.h"
#include "sim/scenario/scenario.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// One number of a chain that a trace may tell. The fit works on u: 0 is the
// scenario's value, and the prior is standard normal.
struct Parameter {
  std::string key;  // as FittedParameter::key
  std::string unit;
  // Functions that it sets. More than one: a common factor on their service
  // times.
  std::vector<size_t> functions;
  double start = 0;         // the scenario's value; 1 for a common factor
  double scale = 1;         // of u
  bool logarithmic = true;  // value = start exp(scale u), else start + scale u
  double lowest = 0;        // of the value

  double ValueOf(double u) const;
};

// What can be asked of a trace about a chain, and what cannot.
struct ParameterSpace {
  std::vector<Parameter> parameters;
  // Of functions whose values stay the scenario's, with the reason.
  std::vector<FittedParameter> fixed;
};

// The columns of the trace that measure how busy a function is, by function:
// "function.NAME.busy" or "function.NAME.cpu"; empty if there is none.
std::vector<std::string> BusyColumns(const ChainConfig& chain,
                                     const Trace& trace);

// Functions with a busy column get parameters of their own; if there are none,
// the one with the longest service time does, being what saturates. The others
// share one factor on their service times: end-to-end measurements cannot tell
// them apart. Contention slopes exist for the kinds that vary in `fit`.
ParameterSpace MakeParameterSpace(const ChainConfig& chain, const Trace& fit);

// `chain` with the parameters at `u`, one each.
ChainConfig WithParameters(const ChainConfig& chain,
                           const std::vector<Parameter>& parameters,
                           const std::vector<double>& u);

// The rows of a profile for one parameter, one a function, from posterior draws
// of u. `note` goes into every row.
std::vector<FittedParameter> Summarise(const ChainConfig& chain,
                                       const Parameter& parameter,
                                       const std::vector<double>& draws);
// The same for a parameter that stays at the scenario's value: its prior.
std::vector<FittedParameter> SummarisePrior(const ChainConfig& chain,
                                            const Parameter& parameter,
                                            const std::string& note);

}  // namespace airlock
