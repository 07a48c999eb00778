#include <gtest/gtest.h>

#include "tests/support/golden.h"
#include "tests/support/run_program.h"

namespace airlock::testing {
namespace {

class HelpTest : public ::testing::TestWithParam<std::vector<std::string>> {};

// The whole text: what the command line promises.
TEST_P(HelpTest, IsTheGoldenText) {
  std::vector<std::string> arguments = GetParam();
  std::string name = "airlock";
  for (const std::string& word : arguments) name += "_" + word;
  arguments.push_back("--help");
  const ProgramResult result = RunAirlock(arguments);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
  ExpectGolden(result.out, "help/" + name + ".txt");
  if (GetParam().empty() || GetParam() == std::vector<std::string>{"drift"} ||
      GetParam() == std::vector<std::string>{"forecast"} ||
      GetParam() == std::vector<std::string>{"registry"} ||
      GetParam() == std::vector<std::string>{"key"}) {
    return;
  }
  EXPECT_NE(result.out.find("Example: airlock " + GetParam()[0]),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Verbs, HelpTest,
    ::testing::Values(
        std::vector<std::string>{}, std::vector<std::string>{"check"},
        std::vector<std::string>{"show"}, std::vector<std::string>{"run"},
        std::vector<std::string>{"report"}, std::vector<std::string>{"diff"},
        std::vector<std::string>{"import"},
        std::vector<std::string>{"calibrate"},
        std::vector<std::string>{"forecast"},
        std::vector<std::string>{"forecast", "compare"},
        std::vector<std::string>{"forecast", "fit"},
        std::vector<std::string>{"forecast", "predict"},
        std::vector<std::string>{"contention"},
        std::vector<std::string>{"drift"},
        std::vector<std::string>{"drift", "calibrate"},
        std::vector<std::string>{"drift", "watch"},
        std::vector<std::string>{"gate"}, std::vector<std::string>{"promote"},
        std::vector<std::string>{"rollback"}, std::vector<std::string>{"node"},
        std::vector<std::string>{"train"}, std::vector<std::string>{"history"},
        std::vector<std::string>{"registry"},
        std::vector<std::string>{"registry", "init"},
        std::vector<std::string>{"registry", "candidate"},
        std::vector<std::string>{"registry", "pause"},
        std::vector<std::string>{"registry", "query"},
        std::vector<std::string>{"registry", "export"},
        std::vector<std::string>{"verify"}, std::vector<std::string>{"key"},
        std::vector<std::string>{"key", "new"},
        std::vector<std::string>{"list"}));

}  // namespace
}  // namespace airlock::testing
