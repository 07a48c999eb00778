#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "sim/base/file.h"
#include "twin/cli/progress.h"
#include "twin/cli/verb.h"
#include "twin/gate/gate.h"
#include "twin/gate/operating_characteristics.h"
#include "twin/gate/replay.h"
#include "twin/registry/receipt.h"
#include "twin/registry/signing.h"
#include "twin/report/pages.h"

namespace airlock {
namespace {

struct GateVerbOptions {
  std::string gate;
  std::string out;
  std::string replay;
  std::vector<std::string> overrides;
  int64_t jobs = 0;
  std::string key;
  bool operating_characteristics = false;
  int64_t trials = 2000;
  bool overwrite = false;
  bool json = false;
};

// A folder for what nobody keeps.
class ScratchFolder {
 public:
  ScratchFolder()
      : path_((std::filesystem::temp_directory_path() / "airlock-replay-XXXXXX")
                  .string()) {
    if (mkdtemp(path_.data()) == nullptr) {
      throw Error(fmt::format("cannot make the folder {}", path_));
    }
  }
  ~ScratchFolder() {
    std::error_code gone;
    std::filesystem::remove_all(path_, gone);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

ExitCode RunReplay(const GateVerbOptions& options) {
  const ScratchFolder scratch;
  ProgressDisplay display;
  GateOptions gate;
  gate.jobs = options.jobs;
  gate.begin_stage = display.Stages();
  const ReplayResult result = ReplayGate(options.replay, scratch.path(), gate);
  display.End();
  if (options.json) {
    fmt::print("{}\n",
               nlohmann::json{{"same", result.same},
                              {"difference", result.difference},
                              {"verdict", ToString(result.verdict.verdict)}}
                   .dump(2));
  } else if (result.same) {
    fmt::print("{}: the same verdict again, byte by byte: {}\n",
               result.verdict.gate_name, ToString(result.verdict.verdict));
  } else {
    fmt::print("{}: another verdict than before; the first difference is {}\n",
               result.verdict.gate_name, result.difference);
  }
  return result.same ? ExitCode::kDone : ExitCode::kNo;
}

// How often a criterion is wrong, on simulated evidence.
ExitCode RunOperatingCharacteristics(const GateVerbOptions& options) {
  if (!options.out.empty() && !options.overwrite &&
      std::filesystem::exists(options.out)) {
    throw Error(options.out + " exists; --overwrite replaces it",
                ExitCode::kUsage);
  }
  OperatingGrid grid;
  grid.trials = options.trials;
  ProgressDisplay display;
  const std::vector<OperatingPoint> points = SimulateOperatingCharacteristics(
      grid, display.Begin("judging simulated evidence"));
  display.End();
  const std::string json = OperatingJson(grid, points).dump(2) + "\n";
  if (!options.out.empty()) WriteFileAtomically(options.out, json);
  fmt::print("{}", options.json ? json : OperatingText(grid, points));
  return ExitCode::kDone;
}

ExitCode RunGateVerb(const GateVerbOptions& options) {
  if (options.operating_characteristics) {
    return RunOperatingCharacteristics(options);
  }
  if (!options.replay.empty()) return RunReplay(options);
  if (options.gate.empty() || options.out.empty()) {
    throw Error(
        "give a gate file and, with -o, the folder to write; or --replay and "
        "the folder of an earlier gate",
        ExitCode::kUsage);
  }
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
  WriteFileAtomically(folder.path() + "/report.html", GatePage(folder.path()));
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
  CLI::Option* const file = verb->add_option("GATE", gate->gate, "gate file");
  CLI::Option* const out =
      verb->add_option("-o,--out", gate->out, "folder to write");
  CLI::Option* const set =
      verb->add_option("--set", gate->overrides,
                       "override one key: --set twin.replications=20")
          ->type_name("KEY=VALUE")
          ->allow_extra_args(false);
  verb->add_option("--replay", gate->replay,
                   "repeat the gate whose output is in this folder, and tell "
                   "whether its verdict is the same (exit code 0) or where it "
                   "first differs (1)")
      ->type_name("DIR")
      ->excludes(file)
      ->excludes(out)
      ->excludes(set);
  verb->add_flag("--operating-characteristics", gate->operating_characteristics,
                 "judge simulated evidence whose truth is known, and print how "
                 "often the answer is wrong; -o: JSON file to write")
      ->excludes(file)
      ->excludes("--replay");
  verb->add_option("--trials", gate->trials,
                   "trials of each row of the operating characteristics")
      ->check(Positive())
      ->needs("--operating-characteristics")
      ->capture_default_str();
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
