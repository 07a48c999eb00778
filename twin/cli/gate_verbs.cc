#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "sim/base/file.h"
#include "twin/cli/progress.h"
#include "twin/cli/verb.h"
#include "twin/gate/gate.h"
#include "twin/registry/receipt.h"
#include "twin/registry/signing.h"

namespace airlock {
namespace {

struct GateVerbOptions {
  std::string gate;
  std::string out;
  std::vector<std::string> overrides;
  int64_t jobs = 0;
  std::string key;
  bool overwrite = false;
  bool json = false;
};

ExitCode RunGateVerb(const GateVerbOptions& options) {
  Diagnostics diagnostics;
  const std::optional<GateFile> file =
      LoadGateFile(options.gate, options.overrides, &diagnostics);
  Tell(diagnostics.Format());
  if (!file) return ExitCode::kInput;
  const SigningKey key = KeyToSignWith(
      options.key, [](const std::string& text) { Tell(text + "\n"); });
  OutputFolder folder(options.out, options.overwrite);
  ProgressDisplay display;
  const GateVerdict verdict = RunGate(
      *file, options.gate, folder.path(),
      {options.jobs,
       [&display](const std::string& stage) { return display.Begin(stage); }});
  SealVerdict(folder.path(), key);
  display.End();
  WriteFileAtomically(folder.path() + "/log.txt",
                      verdict.ToText() + display.log());
  const std::string summary = ReadFile(folder.path() + "/summary.json");
  ThrowIfInterrupted();
  folder.Commit();
  fmt::print("{}", options.json ? summary : verdict.ToText());
  return ExitCodeOf(verdict.verdict);
}

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
      ->check(Positive());
  verb->add_option("--key", gate->key,
                   "signs the receipt; else the file that "
                   "$AIRLOCK_SIGNING_KEY names, else your own key, which is "
                   "made on first use");
  verb->add_flag("--overwrite", gate->overwrite, "replace the folder");
  verb->add_flag("--json", gate->json, "print the verdict as JSON");
}

}  // namespace airlock
