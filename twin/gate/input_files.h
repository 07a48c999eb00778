#pragma once

#include <string>
#include <vector>

#include "sim/scenario/resolve.h"

namespace airlock {

// Every file that is read where an input names `path`: itself and what it
// extends (YAML), the record beside a trace of the measuring tool
// (NAME.csv.xz, NAME.json), the files of a folder. The path itself comes first;
// one that is not there stays in, so that reading it says so.
std::vector<std::string> FilesReadAs(const std::string& path);

// Every file that a scenario was made of: what it extends, its agent's policy,
// its calibration profiles, the trace that its load follows.
std::vector<std::string> FilesOf(const ResolvedScenario& scenario);

}  // namespace airlock
