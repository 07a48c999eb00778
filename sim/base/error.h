#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace airlock {

// Exit codes of every program.
enum class ExitCode {
  kDone = 0,          // done; `gate`: promote
  kNo = 1,            // the answer is no: reject, differs, drift found
  kUsage = 2,         // wrong command line
  kInput = 3,         // an input file is wrong
  kInconclusive = 4,  // `gate`: not enough evidence
  kFailed = 5,        // could not finish: I/O, engine, internal error
  kInterrupted = 130,
};

// Something in the world went wrong (I/O, a worker died). The text says what
// was being done, on what, and why it failed. Caught in `main`.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what, ExitCode code = ExitCode::kFailed)
      : std::runtime_error(what), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// An input file is wrong, with one finding only (a corrupt trace, say): the
// text has the position where there is one. Many findings: see Diagnostics.
class InputError : public Error {
 public:
  explicit InputError(const std::string& what)
      : Error(what, ExitCode::kInput) {}
};

namespace internal {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              const std::string& values);
}  // namespace internal

// A mistake of ours: prints the condition and the message and aborts. User
// input never reaches it.
#define AIRLOCK_CHECK(condition, ...)                                  \
  do {                                                                 \
    if (!(condition)) {                                                \
      ::airlock::internal::CheckFailed(__FILE__, __LINE__, #condition, \
                                       ::fmt::format("" __VA_ARGS__)); \
    }                                                                  \
  } while (false)

}  // namespace airlock
