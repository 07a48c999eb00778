// airlock: the program that users call. Verbs first; see verb.h.

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "sim/base/interrupt.h"
#include "sim/base/version.h"
#include "twin/cli/verb.h"

namespace airlock {

CLI::App* AddVerb(CLI::App* parent, CommandLine* line, const std::string& name,
                  const std::string& description, const std::string& example,
                  std::function<ExitCode()> run) {
  CLI::App* const verb = parent->add_subcommand(name, description);
  verb->footer("Example: " + example);
  verb->callback([line, run] { line->action = run; });
  return verb;
}

void RefuseExistingFile(const std::string& path, bool overwrite) {
  if (overwrite || !std::filesystem::exists(path)) return;
  throw InputError(
      fmt::format("{} exists; choose another file or pass --overwrite", path));
}

namespace {

int Main(int argc, char** argv) {
  CLI::App app(
      "Airlock: a digital twin of datacentre and WLAN networks, and the gate "
      "that a network's machine learning passes before it goes live.",
      "airlock");
  app.set_version_flag(
      "--version", fmt::format("airlock {} ({})\n{}", Version(), GitCommit(),
                               BuildDescription()));
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done or promote, 1 the answer is no, 2 wrong command "
      "line,\n3 wrong input file, 4 inconclusive, 5 could not finish, 130 "
      "interrupted.");
  CommandLine line;
  AddScenarioVerbs(&app, &line);
  AddRunVerbs(&app, &line);
  AddTraceVerbs(&app, &line);
  AddModelVerbs(&app, &line);
  AddGateVerbs(&app, &line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  InstallInterruptHandlers();
  ExitCode code = ExitCode::kFailed;
  try {
    code = line.action();
    if (std::fflush(stdout) != 0) throw Error("cannot write the answer");
  } catch (const Error& error) {
    std::string text = error.what();
    while (!text.empty() && text.back() == '\n') text.pop_back();
    fmt::print(stderr, "airlock: {}\n", text);
    code = error.code();
  } catch (const std::exception& error) {
    fmt::print(stderr, "airlock: {}\n", error.what());
  }
  return static_cast<int>(code);
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) { return airlock::Main(argc, argv); }
