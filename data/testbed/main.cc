// The processes of the testbed's service chain; `testbed` starts them.

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "data/testbed/generator.h"
#include "data/testbed/inspector.h"
#include "data/testbed/perf_counters.h"
#include "data/testbed/process.h"
#include "data/testbed/sampler.h"
#include "data/testbed/shared_state.h"
#include "data/testbed/sink.h"

namespace airlock::testbed {
namespace {

constexpr char kUsage[] =
    R"(airlock-testbed-chain: the processes of the testbed's service chain

Usage: airlock-testbed-chain VERB [--KEY VALUE]...

  generate  --state F --plan F --interface I --start-ns T
            [--seed N] [--arrivals poisson|paced] [--flows N]
            [--flow-packets N] [--signature-groups N]
            [--signatures-per-group N]
  inspect   --state F --input I --output I
            [--seed N] [--ring-frames N] [--signature-groups N]
            [--signatures-per-group N] [--grown-groups N] [--grow-at SECONDS]
            [--detect-protocols 0|1]
  sink      --state F
  sample    --state F --plan F --csv F --columns F --start-ns T
            [--checkpoints NAME:RULES,...] [--live 0|1]
  probe     prints the hardware perf events this host has and lacks

All verbs: [--netns NAME] [--core N] [--fifo PRIORITY] [--nice N]
           [--parent PID] [--limit SECONDS]

Each prints "ready" when it is set up and ends on SIGTERM, with its parent, or
after --limit seconds. Normally started by `testbed record`.

Exit: 0 done, 2 wrong command line, 3 wrong input, 5 could not finish,
130 stopped before the end.
)";

// The --key value pairs of a command line. Every key must be asked for.
class Arguments {
 public:
  Arguments(int argc, char** argv) {
    for (int i = 2; i < argc; i += 2) {
      if (strncmp(argv[i], "--", 2) != 0 || i + 1 >= argc) {
        throw UsageError(std::string("unexpected argument ") + argv[i]);
      }
      values_[argv[i] + 2] = argv[i + 1];
    }
  }

  std::string Text(const std::string& key) {
    const std::string value = Text(key, "");
    if (value.empty()) throw UsageError("--" + key + " is missing");
    return value;
  }

  std::string Text(const std::string& key, const std::string& otherwise) {
    asked_.insert(key);
    const auto found = values_.find(key);
    return found == values_.end() ? otherwise : found->second;
  }

  double Number(const std::string& key, double otherwise) {
    const std::string text = Text(key, "");
    if (text.empty()) return otherwise;
    char* end = nullptr;
    const double value = strtod(text.c_str(), &end);
    if (*end != '\0') throw UsageError("--" + key + ": not a number: " + text);
    return value;
  }

  int64_t Integer(const std::string& key, int64_t otherwise) {
    const std::string text = Text(key, "");
    if (text.empty()) return otherwise;
    char* end = nullptr;
    const long long value = strtoll(text.c_str(), &end, 10);
    if (*end != '\0') {
      throw UsageError("--" + key + ": not an integer: " + text);
    }
    return value;
  }

  int Small(const std::string& key, int otherwise) {
    return static_cast<int>(Integer(key, otherwise));
  }

  void RefuseOthers() const {
    for (const auto& [key, value] : values_) {
      if (asked_.count(key) == 0) throw UsageError("unknown option --" + key);
    }
  }

 private:
  std::map<std::string, std::string> values_;
  std::set<std::string> asked_;
};

struct CommonOptions {
  std::string netns;
  int core;
  int fifo;
  int nice;
  int parent;
  int limit_seconds;
};

CommonOptions ReadCommon(Arguments* arguments) {
  return {arguments->Text("netns", ""),  arguments->Small("core", -1),
          arguments->Small("fifo", 0),   arguments->Small("nice", 0),
          arguments->Small("parent", 0), arguments->Small("limit", 0)};
}

void Settle(const CommonOptions& options) {
  CatchStopSignals();
  if (options.parent > 0) DieWithParent(options.parent);
  if (options.limit_seconds > 0) {
    alarm(static_cast<unsigned>(options.limit_seconds));
  }
  EnterNamespace(options.netns);
  if (options.core >= 0) PinToCore(options.core);
  LockMemory();
}

std::vector<RuleCheckpoint> ParseCheckpoints(const std::string& text) {
  std::vector<RuleCheckpoint> checkpoints;
  std::istringstream in(text);
  for (std::string item; std::getline(in, item, ',');) {
    const size_t colon = item.find(':');
    if (colon == std::string::npos) {
      throw UsageError("--checkpoints: wants NAME:RULES, got " + item);
    }
    checkpoints.push_back(
        {item.substr(0, colon), atof(item.c_str() + colon + 1)});
  }
  return checkpoints;
}

// Runs `body` between the last common set-up and the scheduling class, which
// comes last so that a slow set-up does not hold a core.
template <typename Body>
int RunVerb(Arguments* arguments, Body body) {
  const std::string state_path = arguments->Text("state");
  const CommonOptions common = ReadCommon(arguments);
  arguments->RefuseOthers();
  Settle(common);
  SharedState* state = MapSharedState(state_path);
  SetScheduling(common.fifo, common.nice);
  return body(state);
}

int Generate(Arguments* arguments) {
  GeneratorOptions options;
  options.interface = arguments->Text("interface");
  options.plan_path = arguments->Text("plan");
  options.start_ns = arguments->Integer("start-ns", 0);
  options.seed = static_cast<uint64_t>(arguments->Integer("seed", 1));
  options.flows = arguments->Small("flows", options.flows);
  options.flow_packets =
      arguments->Number("flow-packets", options.flow_packets);
  options.signature_groups = arguments->Small("signature-groups", 8);
  options.signatures_per_group = arguments->Small("signatures-per-group", 40);
  const std::string arrivals = arguments->Text("arrivals", "poisson");
  if (arrivals != "poisson" && arrivals != "paced") {
    throw UsageError("--arrivals: poisson or paced, got " + arrivals);
  }
  options.arrivals =
      arrivals == "poisson" ? Arrivals::kPoisson : Arrivals::kPaced;
  return RunVerb(arguments, [&](SharedState* state) {
    RunGenerator(options, state);
    return 0;
  });
}

int Inspect(Arguments* arguments) {
  InspectorOptions options;
  options.input = arguments->Text("input");
  options.output = arguments->Text("output");
  options.seed = static_cast<uint64_t>(arguments->Integer("seed", 1));
  options.ring_frames = arguments->Small("ring-frames", options.ring_frames);
  options.signature_groups = arguments->Small("signature-groups", 8);
  options.signatures_per_group = arguments->Small("signatures-per-group", 40);
  options.grown_groups = arguments->Small("grown-groups", 0);
  options.grow_at_seconds = arguments->Number("grow-at", 0);
  options.detect_protocols = arguments->Small("detect-protocols", 1) != 0;
  return RunVerb(arguments, [&](SharedState* state) {
    RunInspector(options, state);
    return 0;
  });
}

int ReceiveAtSink(Arguments* arguments) {
  return RunVerb(arguments, [&](SharedState* state) {
    RunSink(SinkOptions{}, state);
    return 0;
  });
}

int Sample(Arguments* arguments) {
  SamplerOptions options;
  options.plan_path = arguments->Text("plan");
  options.csv_path = arguments->Text("csv");
  options.columns_path = arguments->Text("columns");
  options.start_ns = arguments->Integer("start-ns", 0);
  options.checkpoints = ParseCheckpoints(arguments->Text("checkpoints", ""));
  options.live = arguments->Small("live", 0) != 0;
  return RunVerb(arguments, [&](SharedState* state) {
    return RunSampler(options, state) ? 0 : 130;
  });
}

int Probe() {
  std::vector<std::string> present;
  std::vector<std::string> absent;
  ProbeHardwareEvents(&present, &absent);
  for (const std::string& name : present)
    std::cout << "present " << name << '\n';
  for (const std::string& name : absent) std::cout << "absent " << name << '\n';
  return 0;
}

int Run(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "--help" || verb == "help") {
    std::cout << kUsage;
    return 0;
  }
  Arguments arguments(argc, argv);
  if (verb == "generate") return Generate(&arguments);
  if (verb == "inspect") return Inspect(&arguments);
  if (verb == "sink") return ReceiveAtSink(&arguments);
  if (verb == "sample") return Sample(&arguments);
  if (verb == "probe") return Probe();
  throw UsageError("wants a verb: generate, inspect, sink, sample or probe");
}

}  // namespace
}  // namespace airlock::testbed

int main(int argc, char** argv) {
  try {
    return airlock::testbed::Run(argc, argv);
  } catch (const airlock::testbed::UsageError& error) {
    std::cerr << "airlock-testbed-chain: " << error.what() << " (see --help)\n";
    return 2;
  } catch (const airlock::testbed::InputError& error) {
    std::cerr << "airlock-testbed-chain: " << error.what() << '\n';
    return 3;
  } catch (const std::exception& error) {
    std::cerr << "airlock-testbed-chain: " << error.what() << '\n';
    return 5;
  }
}
