#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

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

// This process becomes airlock-node, which links no more than a node needs:
// signals, standard streams and the exit code are its own.
ExitCode BecomeNode(const NodeOptions& options) {
  const std::string path = ProgramPath("airlock-node", "AIRLOCK_NODE");
  std::vector<std::string> words = {path, options.file};
  for (const std::string& each : options.overrides) {
    words.insert(words.end(), {"--set", each});
  }
  if (options.allow_root) words.push_back("--allow-root");
  if (options.check) words.push_back("--check");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(path.c_str(), argv.data());
  throw Error(fmt::format("cannot start {}: {}", path, std::strerror(errno)));
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
