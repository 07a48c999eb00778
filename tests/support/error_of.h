#pragma once

#include <gtest/gtest.h>

#include <string>

#include "sim/base/error.h"

namespace airlock::testing {

// The message of the InputError that `function` ends with; fails the test if
// there is none.
template <typename F>
std::string ErrorOf(F function) {
  try {
    function();
  } catch (const InputError& error) {
    return error.what();
  }
  ADD_FAILURE() << "there was no error";
  return "";
}

}  // namespace airlock::testing
