#include <memory>
#include <utility>

#include "sim/base/child_process.h"
#include "twin/cli/verb.h"

namespace airlock {
namespace {

struct NodeOptions {
  std::string file;
  std::vector<std::string> overrides;
  bool allow_root = false;
  bool check = false;
};

// airlock-node links no more than a node needs.
ExitCode BecomeNode(const NodeOptions& options) {
  std::vector<std::string> words = {ProgramPath("airlock-node", "AIRLOCK_NODE"),
                                    options.file};
  for (const std::string& each : options.overrides) {
    words.insert(words.end(), {"--set", each});
  }
  if (options.allow_root) words.push_back("--allow-root");
  if (options.check) words.push_back("--check");
  BecomeProgram(std::move(words));
}

}  // namespace

void AddNodeVerb(CLI::App* app, CommandLine* line) {
  auto options = std::make_shared<NodeOptions>();
  CLI::App* const verb =
      AddVerb(app, line, "node",
              "run the champion beside a network function, until a signal",
              "airlock node scenarios/nodes/replay.yaml",
              [options] { return BecomeNode(*options); });
  verb->add_option("FILE", options->file, "node file; airlock list node-keys")
      ->required();
  verb->add_option("--set", options->overrides,
                   "override one key: --set source.speed=10")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb->add_flag("--check", options->check, "read the file and run nothing");
  verb->add_flag("--allow-root", options->allow_root,
                 "run as root, which a node otherwise refuses");
}

}  // namespace airlock
