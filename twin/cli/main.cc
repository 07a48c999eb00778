// airlock: the program that users call. Verbs first; see verb.h.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <new>
#include <system_error>

#include "sim/base/interrupt.h"
#include "sim/base/version.h"
#include "twin/cli/progress.h"
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

void CheckOutputFile(const std::string& path, bool overwrite) {
  namespace fs = std::filesystem;
  if (path.empty()) throw InputError("the file to write has no name");
  std::error_code ignored;
  if (fs::exists(path, ignored)) {
    if (!overwrite) {
      throw InputError(fmt::format(
          "{} exists; choose another file or pass --overwrite", path));
    }
    if (!fs::is_regular_file(path, ignored)) {
      throw InputError(fmt::format("{} is not a plain file", path));
    }
  }
  fs::path folder = fs::absolute(path).parent_path();
  while (!fs::exists(folder, ignored) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    throw Error(fmt::format("cannot write {}: {}", path,
                            std::generic_category().message(errno)));
  }
}

void AddTraceArgument(CLI::App* verb, std::string* path, std::string* format) {
  verb->add_option("TRACE", *path,
                   "trace of airlock import, result.h5 of airlock run, or a "
                   "measured file")
      ->required();
  verb->add_option("--format", *format,
                   "of a measured file: one of airlock list importers; a CSV "
                   "needs none");
}

CLI::Validator NumberWithin(double low, double high) {
  return CLI::Validator(
      [low, high](std::string& text) {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= low &&
            value <= high) {
          return std::string();
        }
        return fmt::format("'{}' is not a number from {} to {}", text, low,
                           high);
      },
      fmt::format("{} to {}", low, high));
}

CLI::Validator NonNegative() {
  return CLI::Validator(
      [](std::string& text) {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= 0) {
          return std::string();
        }
        return fmt::format("'{}' is not a number of at least 0", text);
      },
      "NONNEGATIVE");
}

CLI::Validator Positive() {
  return CLI::Validator(
      [](std::string& text) {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && value > 0) {
          return std::string();
        }
        return fmt::format("'{}' is not a number above 0", text);
      },
      "POSITIVE");
}

namespace {

// A standard stream that is closed gets a descriptor that takes nothing, so
// that no file that is opened later becomes it and receives its text.
void OccupyStandardStreams() {
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) == -1) {
      open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
  }
}

// Prints what is wrong with the command line, or the help that it asks for.
ExitCode Answer(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* verb = &app;
  while (!verb->get_subcommands().empty()) {
    verb = verb->get_subcommands().front();
  }
  const bool wants_verb = verb->get_require_subcommand_min() > 0;
  const std::vector<std::string> words = verb->remaining();
  if (wants_verb && error.get_exit_code() != 0 && !words.empty()) {
    std::string known;
    for (const CLI::App* each : verb->get_subcommands({})) {
      known += (known.empty() ? "" : ", ") + each->get_name();
    }
    Tell(fmt::format("{}: '{}' is not a verb; known: {}\n", verb->get_name(),
                     words.front(), known));
    return ExitCode::kUsage;
  }
  if (app.exit(error) != 0) return ExitCode::kUsage;
  if (!std::cout.flush()) {
    Tell("airlock: cannot write the answer\n");
    return ExitCode::kFailed;
  }
  return ExitCode::kDone;
}

// What `failed` says to people, on one line or several.
std::string TextOf(const std::exception& failed) {
  if (dynamic_cast<const std::bad_alloc*>(&failed) != nullptr) {
    return "out of memory";
  }
  if (dynamic_cast<const std::filesystem::filesystem_error*>(&failed)) {
    return failed.what();
  }
  // fmt throws one where standard output takes no more.
  const auto* system = dynamic_cast<const std::system_error*>(&failed);
  if (system != nullptr) {
    return "cannot write the answer: " + system->code().message();
  }
  std::string text = failed.what();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

int Main(int argc, char** argv) {
  OccupyStandardStreams();
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
  AddTrainVerb(&app, &line);
  AddForecastVerbs(&app, &line);
  AddDriftVerbs(&app, &line);
  AddContentionVerb(&app, &line);
  AddGateVerbs(&app, &line);
  AddNodeVerb(&app, &line);
  AddRegistryVerbs(&app, &line);
  AddReceiptVerbs(&app, &line);
  AddDemoVerbs(&app, &line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return static_cast<int>(Answer(app, error));
  }
  InstallInterruptHandlers();
  ExitCode code = ExitCode::kFailed;
  try {
    code = line.action();
    if (std::fflush(stdout) != 0) throw Error("cannot write the answer");
  } catch (const Error& error) {
    Tell("airlock: " + TextOf(error) + "\n");
    code = error.code();
  } catch (const std::exception& error) {
    Tell("airlock: " + TextOf(error) + "\n");
  }
  return static_cast<int>(code);
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) { return airlock::Main(argc, argv); }
