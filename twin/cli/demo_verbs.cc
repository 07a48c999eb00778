#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "sim/base/child_process.h"
#include "twin/cli/verb.h"

namespace airlock {
namespace {

struct DemoOptions {
  std::string out;
  bool quick = false;
  bool overwrite = false;
};

// This process becomes the demonstration, which calls the program again for
// every step: what it shows is what a user would type.
ExitCode BecomeDemo(const DemoOptions& options) {
  const std::string script = AIRLOCK_SOURCE_DIR "/data/testbed/live_demo";
  if (!std::filesystem::exists(script)) {
    throw Error(
        fmt::format("{} is not there: the demonstration needs the "
                    "source tree that this program was built from",
                    script));
  }
  std::vector<std::string> words = {
      script,
      "--airlock",
      ProgramPath("airlock", "AIRLOCK_PROGRAM"),
      "--chain",
      ProgramPath("airlock-testbed-chain", "AIRLOCK_TESTBED_CHAIN"),
      "--out",
      options.out};
  if (options.quick) words.push_back("--short");
  if (options.overwrite) words.push_back("--overwrite");
  BecomeProgram(std::move(words));
}

}  // namespace

void AddDemoVerbs(CLI::App* app, CommandLine* line) {
  CLI::App* const demo =
      app->add_subcommand("demo", "show how the parts work together");
  demo->require_subcommand(1);
  auto options = std::make_shared<DemoOptions>();
  CLI::App* const verb = AddVerb(
      demo, line, "live",
      "a chain on this host, a node that watches it, contention, an alarm, a "
      "retrained model through the gate and onto the node: some four minutes, "
      "as root",
      "airlock demo live -o out/live",
      [options] { return BecomeDemo(*options); });
  verb->add_option("-o,--out", options->out, "folder to write")->required();
  verb->add_flag("--short", options->quick, "fewer samples: some two minutes");
  verb->add_flag("--overwrite", options->overwrite, "replace the folder");
}

}  // namespace airlock
