#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/run_program.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What the program loads, itself and through its libraries.
std::string LibrariesOf(const std::string& program) {
  return testing::Run({"/usr/bin/ldd", AIRLOCK_BINARY_DIR "/" + program}).out;
}

TEST(LibrariesTest, OnlyTheLearnerLoadsTorch) {
  EXPECT_THAT(LibrariesOf("airlock-learner"), HasSubstr("libtorch"));
  for (const char* program : {"airlock", "airlock-worker"}) {
    EXPECT_THAT(LibrariesOf(program), HasSubstr("libstdc++")) << program;
    EXPECT_THAT(LibrariesOf(program), Not(HasSubstr("libtorch"))) << program;
  }
}

TEST(LibrariesTest, OnlyTheWorkerLoadsNs3) {
  EXPECT_THAT(LibrariesOf("airlock-worker"), HasSubstr("libns3"));
  for (const char* program : {"airlock", "airlock-learner"}) {
    EXPECT_THAT(LibrariesOf(program), HasSubstr("libstdc++")) << program;
    EXPECT_THAT(LibrariesOf(program), Not(HasSubstr("libns3"))) << program;
  }
}

}  // namespace
}  // namespace airlock
