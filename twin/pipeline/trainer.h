#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "twin/forecast/forecaster.h"
#include "twin/forecast/samples.h"
#include "twin/pipeline/parameters.h"

namespace airlock {

// How a forecaster is made. `parameters` overrides the documented defaults of
// its trainer; an unknown name or a value out of range is an InputError that
// lists the known ones.
struct ForecasterOptions {
  uint64_t seed = 1;
  std::map<std::string, double> parameters;
};

// A row of the table of trainers: what learns a Forecaster from standardised
// samples. The same samples, seed and parameters give the same forecaster.
struct TrainerEntry {
  const char* name;
  const char* description;  // one line
  std::vector<ForecasterParameter> parameters;
  std::vector<TunableParameter> search;  // empty: nothing to tune
  // `training` has no NaN in x and y, its rows are in time order, and there is
  // at least one. The parameters are complete and checked.
  std::unique_ptr<Forecaster> (*train)(const SampleTable& training,
                                       const ForecasterOptions& options);
};
const std::vector<TrainerEntry>& Trainers();
std::vector<std::string> TrainerNames();

// Throws InputError naming the known trainers if there is none of the name.
const TrainerEntry& FindTrainer(const std::string& name);

// Fills in the defaults of options.parameters and trains. Throws InputError as
// FindTrainer() and ResolveParameters() do.
std::unique_ptr<Forecaster> TrainForecaster(const std::string& name,
                                            const SampleTable& training,
                                            const ForecasterOptions& options);

}  // namespace airlock
