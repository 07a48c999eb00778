#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "sim/base/file.h"
#include "twin/cli/progress.h"
#include "twin/cli/verb.h"
#include "twin/gate/gate.h"
#include "twin/registry/registry.h"

namespace airlock {
namespace {

struct GateVerbOptions {
  std::string gate;
  std::string out;
  std::vector<std::string> overrides;
  int64_t jobs = 0;
  bool overwrite = false;
  bool json = false;
};

ExitCode CodeOf(Outcome verdict) {
  switch (verdict) {
    case Outcome::kPromote:
      return ExitCode::kDone;
    case Outcome::kReject:
      return ExitCode::kNo;
    case Outcome::kInconclusive:
      return ExitCode::kInconclusive;
  }
  return ExitCode::kInconclusive;
}

ExitCode RunGateVerb(const GateVerbOptions& options) {
  Diagnostics diagnostics;
  const std::optional<GateFile> file =
      LoadGateFile(options.gate, options.overrides, &diagnostics);
  fmt::print(stderr, "{}", diagnostics.Format());
  if (!file) return ExitCode::kInput;
  OutputFolder folder(options.out, options.overwrite);
  ProgressDisplay display;
  const GateVerdict verdict = RunGate(
      *file, options.gate, folder.path(),
      {options.jobs,
       [&display](const std::string& stage) { return display.Begin(stage); }});
  display.End();
  WriteFileAtomically(folder.path() + "/log.txt",
                      verdict.ToText() + display.log());
  const std::string summary = ReadFile(folder.path() + "/summary.json");
  ThrowIfInterrupted();
  folder.Commit();
  fmt::print("{}", options.json ? summary : verdict.ToText());
  return CodeOf(verdict.verdict);
}

struct RegistryOptions {
  std::string folder;
  std::string registry;
  std::string reason;
};

}  // namespace

void AddGateVerbs(CLI::App* app, CommandLine* line) {
  auto gate = std::make_shared<GateVerbOptions>();
  CLI::App* verb =
      AddVerb(app, line, "gate",
              "judge a candidate: exit code 0 promote, 1 reject, 4 "
              "inconclusive",
              "airlock gate scenarios/gates/quickstart.yaml -o out/quickstart",
              [gate] { return RunGateVerb(*gate); });
  verb->add_option("GATE", gate->gate, "gate file")->required();
  verb->add_option("-o,--out", gate->out, "folder to write")->required();
  verb->add_option("--set", gate->overrides,
                   "override one key: --set twin.replications=20")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb->add_option("--jobs", gate->jobs,
                   "simultaneous replications; one a core if not given")
      ->check(CLI::PositiveNumber);
  verb->add_flag("--overwrite", gate->overwrite, "replace the folder");
  verb->add_flag("--json", gate->json, "print the verdict as JSON");
}

}  // namespace airlock
