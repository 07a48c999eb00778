// airlock-node: the program that `airlock node` becomes. It links no library
// that trains or simulates, so that it fits beside a network function.
//
//   airlock-node FILE [--set KEY=VALUE]... [--allow-root] [--check]

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "twin/node/balancer_node.h"
#include "twin/node/channel_node.h"
#include "twin/node/live_node.h"
#include "twin/node/node_file.h"

namespace airlock {
namespace {

struct Arguments {
  std::string path;
  std::vector<std::string> overrides;
  bool allow_root = false;
  bool check = false;
};

Arguments ParseArguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--allow-root") {
      arguments.allow_root = true;
    } else if (word == "--check") {
      arguments.check = true;
    } else if (word == "--set" && i + 1 < argc) {
      arguments.overrides.push_back(argv[++i]);
    } else if (word.rfind("--", 0) == 0 || !arguments.path.empty()) {
      throw Error(fmt::format("'{}' is not expected; usage: airlock-node FILE "
                              "[--set KEY=VALUE]... [--allow-root] [--check]",
                              word),
                  ExitCode::kUsage);
    } else {
      arguments.path = word;
    }
  }
  if (arguments.path.empty()) {
    throw Error("which node file?", ExitCode::kUsage);
  }
  return arguments;
}

ExitCode RunNode(const Arguments& arguments) {
  Diagnostics diagnostics;
  const std::optional<NodeFile> file =
      LoadNodeFile(arguments.path, arguments.overrides, &diagnostics);
  std::fputs(diagnostics.Format().c_str(), stderr);
  if (!file) return ExitCode::kInput;
  if (arguments.check) {
    if (const auto site = MakeControlSite(*file)) site->Check();
    fmt::print("{}: good\n", arguments.path);
    return ExitCode::kDone;
  }
  if (geteuid() == 0 && !arguments.allow_root) {
    throw Error(
        "a node does not run as root, since it needs nothing that only root "
        "may do; start it as another user, or pass --allow-root",
        ExitCode::kUsage);
  }
  if (file->channels) {
    ChannelNode(*file, ChannelSite(*file)).Run();
  } else if (file->balancer) {
    BalancerNode(*file, BalancerSite(*file)).Run();
  } else {
    LiveNode(*file).Run();
  }
  return ExitCode::kDone;
}

int Main(int argc, char** argv) {
  InstallInterruptHandlers();
  std::signal(SIGPIPE, SIG_IGN);
  // One heap for all threads, and what is free goes back to the system: beside
  // a network function memory matters more than the time of an allocation.
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 64 << 10);
  mallopt(M_TRIM_THRESHOLD, 64 << 10);
  try {
    return static_cast<int>(RunNode(ParseArguments(argc, argv)));
  } catch (const NodeFileError& error) {
    std::fputs(error.what(), stderr);
    return static_cast<int>(error.code());
  } catch (const Error& error) {
    std::fprintf(stderr, "airlock-node: %s\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "airlock-node: %s\n", error.what());
    return static_cast<int>(ExitCode::kFailed);
  }
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) { return airlock::Main(argc, argv); }
