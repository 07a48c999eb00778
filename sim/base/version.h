#pragma once

#include <string>

namespace airlock {

// "0.1.0"
std::string Version();
// The commit that was built, with "-dirty" if the tree had changes; "unknown"
// outside a git checkout.
std::string GitCommit();
// All 40 digits of the commit that was built, whether or not the tree had
// changes; empty outside a git checkout.
std::string GitCommitId();
// Compiler and build type, one line.
std::string BuildDescription();

}  // namespace airlock
