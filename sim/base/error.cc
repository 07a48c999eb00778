#include "sim/base/error.h"

#include <cstdio>
#include <cstdlib>

namespace airlock::internal {

void CheckFailed(const char* file, int line, const char* condition,
                 const std::string& values) {
  fmt::print(stderr, "{}:{}: check failed: {}{}{}\n", file, line, condition,
             values.empty() ? "" : ": ", values);
  std::fflush(stderr);
  std::abort();
}

}  // namespace airlock::internal
