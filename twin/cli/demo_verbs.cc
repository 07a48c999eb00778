#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "sim/base/child_process.h"
#include "twin/cli/verb.h"

namespace airlock {
namespace {

struct DemoOptions {
  std::string out;
  bool overwrite = false;
  bool quick = false;             // of `live`
  std::vector<std::string> more;  // of `balancer`, as its script takes them
};

// This process becomes the demonstration, which calls the program again for
// every step: what it shows is what a user would type.
[[noreturn]] void BecomeScript(const std::string& name,
                               const DemoOptions& options,
                               const std::vector<std::string>& more) {
  const std::string script = AIRLOCK_SOURCE_DIR "/data/testbed/" + name;
  if (!std::filesystem::exists(script)) {
    throw Error(
        fmt::format("{} is not there: the demonstration needs the "
                    "source tree that this program was built from",
                    script));
  }
  std::vector<std::string> words = {script, "--airlock",
                                    ProgramPath("airlock", "AIRLOCK_PROGRAM"),
                                    "--out", options.out};
  if (options.overwrite) words.push_back("--overwrite");
  words.insert(words.end(), more.begin(), more.end());
  BecomeProgram(std::move(words));
}

ExitCode BecomeLiveDemo(const DemoOptions& options) {
  std::vector<std::string> more = {
      "--chain", ProgramPath("airlock-testbed-chain", "AIRLOCK_TESTBED_CHAIN")};
  if (options.quick) more.push_back("--short");
  BecomeScript("live_demo", options, more);
}

ExitCode BecomeBalancerDemo(const DemoOptions& options) {
  std::vector<std::string> more = {
      "--collector", ProgramPath("airlock-collector", "AIRLOCK_COLLECTOR")};
  more.insert(more.end(), options.more.begin(), options.more.end());
  BecomeScript("balancer_demo", options, more);
}

void AddOutput(CLI::App* verb, DemoOptions* options) {
  verb->add_option("-o,--out", options->out, "folder to write")->required();
  verb->add_flag("--overwrite", options->overwrite, "replace the folder");
}

// An option that goes on to the script as it is.
void PassOn(CLI::App* verb, DemoOptions* options, const std::string& name,
            const std::string& help) {
  verb->add_option_function<std::string>(
      name,
      [options, name](const std::string& value) {
        options->more.insert(options->more.end(), {name, value});
      },
      help);
}

void AddBalancerVerb(CLI::App* demo, CommandLine* line) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* const verb = AddVerb(
      demo, line, "balancer",
      "servers of unequal capacity behind nftables on this host, whose weights "
      "are equal, by capacity, by a node with lsq and with a trained policy: "
      "completion times of the same requests; some two minutes, as root",
      "airlock demo balancer -o out/balancer",
      [options] { return BecomeBalancerDemo(*options); });
  AddOutput(verb, options.get());
  PassOn(verb, options.get(), "--phase",
         "seconds of each way to set the weights (24)");
  PassOn(verb, options.get(), "--load",
         "share of all servers' capacity that is asked for (0.6)");
  PassOn(verb, options.get(), "--seed", "of the requests (1)");
  PassOn(verb, options.get(), "--policy",
         "the trained policy (agents/policies/load-balancer.json)");
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
      [options] { return BecomeLiveDemo(*options); });
  AddOutput(verb, options.get());
  verb->add_flag("--short", options->quick, "fewer samples: some two minutes");
  AddBalancerVerb(demo, line);
}

}  // namespace airlock
