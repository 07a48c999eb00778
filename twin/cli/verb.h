#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "sim/base/error.h"

// How the verbs of `airlock` are put together: each file *_verbs.cc adds some.
namespace airlock {

// What the command line asks for, once it is parsed.
struct CommandLine {
  std::function<ExitCode()> action;
};

// Adds a verb whose parsed options are what `run` closes over; `example` ends
// its help.
CLI::App* AddVerb(CLI::App* parent, CommandLine* line, const std::string& name,
                  const std::string& description, const std::string& example,
                  std::function<ExitCode()> run);

// check, show, list
void AddScenarioVerbs(CLI::App* app, CommandLine* line);
// run, report, diff
void AddRunVerbs(CLI::App* app, CommandLine* line);
// import, calibrate
void AddTraceVerbs(CLI::App* app, CommandLine* line);
// forecast
void AddForecastVerbs(CLI::App* app, CommandLine* line);
// train
void AddTrainVerb(CLI::App* app, CommandLine* line);
// drift
void AddDriftVerbs(CLI::App* app, CommandLine* line);
// contention
void AddContentionVerb(CLI::App* app, CommandLine* line);
// gate
void AddGateVerbs(CLI::App* app, CommandLine* line);
// demo
void AddDemoVerbs(CLI::App* app, CommandLine* line);
// promote, rollback, history, registry
void AddRegistryVerbs(CLI::App* app, CommandLine* line);
// verify, key
void AddReceiptVerbs(CLI::App* app, CommandLine* line);

// node
void AddNodeVerb(CLI::App* app, CommandLine* line);

// --- What several verbs share -----------------------------------------------

// Before the work for it: throws InputError if the file exists and `overwrite`
// is false or it is no plain file, Error if it cannot be written.
void CheckOutputFile(const std::string& path, bool overwrite);

// The argument TRACE and the option --format: what ReadSamples() wants.
void AddTraceArgument(CLI::App* verb, std::string* path, std::string* format);

// Takes numbers from `low` to `high`; unlike CLI::Range, never NaN.
CLI::Validator NumberWithin(double low, double high);

// Unlike those of CLI11, these name no limit that nobody set.
CLI::Validator NonNegative();
CLI::Validator Positive();

}  // namespace airlock
