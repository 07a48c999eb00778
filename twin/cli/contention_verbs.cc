#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/base/version.h"
#include "sim/scenario/resolve.h"
#include "twin/cli/progress.h"
#include "twin/cli/verb.h"
#include "twin/contention/colocation_study.h"

namespace airlock {
namespace {

using nlohmann::json;

struct ContentionOptions {
  std::string scenario;
  std::string out;
  std::vector<std::string> overrides;
  std::vector<std::string> packet_sizes = {"64B", "512B", "1500B"};
  ColocationOptions study;
  bool overwrite = false;
  bool json = false;
};

json IntervalJson(const Interval& interval) {
  return {{"estimate", NumberOrNull(interval.estimate)},
          {"low", NumberOrNull(interval.low)},
          {"high", NumberOrNull(interval.high)}};
}

json SummaryJson(const ColocationStudy& study, const ResolvedScenario& scenario,
                 const ContentionOptions& options) {
  json errors = json::array();
  for (const MethodError& error : study.errors) {
    errors.push_back({{"method", error.method},
                      {"mean", IntervalJson(error.mean)},
                      {"median", error.median},
                      {"p95", error.p95},
                      {"mean_where_contended", IntervalJson(error.drops)}});
  }
  return {{"filetype", "contention-summary"},
          {"version", {1, 0}},
          {"airlock_version", Version()},
          {"scenario", scenario.scenario().name},
          {"scenario_sha256", scenario.sha256()},
          {"seed", options.study.seed},
          {"runs", study.runs},
          {"profiled", study.profiled},
          {"mixes", study.mixes.size()},
          {"held_out", study.held_out},
          {"contended", study.contended},
          {"largest_drop", study.largest_drop},
          {"outside", study.outside},
          {"error",
           "|predicted / measured - 1| of the target's packets/s, on "
           "mixes with a held-out pair of target and competitor"},
          {"methods", std::move(errors)}};
}

std::string TextOf(const Interval& interval) {
  if (!interval.known()) return fmt::format("{:>22}", "-");
  return fmt::format("{:>6.2f} [{:>5.2f}, {:>5.2f}]", 100 * interval.estimate,
                     100 * interval.low, 100 * interval.high);
}

std::string SummaryText(const ColocationStudy& study,
                        const std::string& scenario) {
  std::string text = fmt::format(
      "{}: {} mixes, {} of them with a held-out pair, of which {} lost a tenth "
      "or more (at most {:.1f} %); learnt from {} co-locations; {} of the "
      "held-out mixes lie beyond what was profiled\n",
      scenario, study.mixes.size(), study.held_out, study.contended,
      100 * study.largest_drop, study.profiled, study.outside);
  text +=
      fmt::format("{:<16} {:>22} {:>8} {:>8} {:>22}\n", "error in %",
                  "mean, 95 % interval", "median", "p95", "where contended");
  for (const MethodError& error : study.errors) {
    text += fmt::format("{:<16} {:>22} {:>8.2f} {:>8.2f} {:>22}\n",
                        error.method, TextOf(error.mean), 100 * error.median,
                        100 * error.p95, TextOf(error.drops));
  }
  return text;
}

std::string NameOf(const Competitor& one) {
  return fmt::format("{}/{:.0f}B/{:.0f}", one.function,
                     one.traffic.packet_bytes, one.traffic.flows);
}

std::string MixesCsv(const ColocationStudy& study) {
  std::string text =
      "target,competitors,held_out,solo [packet/s],measured [packet/s]";
  for (const std::string& method : study.methods) {
    text += fmt::format(",{} [packet/s]", method);
  }
  text += ",beyond_profile\n";
  for (const MixPrediction& mix : study.mixes) {
    std::vector<std::string> competitors;
    for (const Competitor& one : mix.competitors) {
      competitors.push_back(NameOf(one));
    }
    text += fmt::format("{},{},{},{:.1f},{:.1f}", NameOf(mix.target),
                        fmt::join(competitors, " "), mix.held_out ? 1 : 0,
                        mix.solo, mix.measured);
    for (const double predicted : mix.predicted) {
      text += fmt::format(",{:.1f}", predicted);
    }
    text += fmt::format(",{}\n", mix.outside.empty() ? 0 : 1);
  }
  return text;
}

ExitCode RunStudy(const ContentionOptions& given) {
  ContentionOptions options = given;
  options.study.packet_bytes.clear();
  for (const std::string& text : options.packet_sizes) {
    DataSize size;
    if (!Parse(text, &size) || size < DataSize(60) || size > DataSize(9018)) {
      throw Error(fmt::format("--packet-sizes: '{}' is not a data size from "
                              "60B to 9018B",
                              text),
                  ExitCode::kUsage);
    }
    options.study.packet_bytes.push_back(static_cast<double>(size.value()));
  }
  Diagnostics diagnostics;
  const std::optional<ResolvedScenario> scenario =
      LoadScenario(options.scenario, options.overrides, &diagnostics);
  std::optional<ColocationBench> bench;
  if (scenario) bench = ColocationBench::Make(*scenario, &diagnostics);
  Tell(diagnostics.Format());
  if (!bench) return ExitCode::kInput;
  OutputFolder folder(options.out, options.overwrite);
  ProgressDisplay display;
  const ColocationStudy study = StudyColocations(
      *bench, options.study, display.Begin("putting functions side by side"));
  display.End();
  const json summary = SummaryJson(study, *scenario, options);
  WriteFileAtomically(folder.path() + "/scenario.resolved.yaml",
                      scenario->FileText());
  WriteFileAtomically(folder.path() + "/mixes.csv", MixesCsv(study));
  WriteFileAtomically(folder.path() + "/summary.json", summary.dump(2) + "\n");
  WriteFileAtomically(folder.path() + "/log.txt",
                      diagnostics.Format() + display.log());
  ThrowIfInterrupted();
  folder.Commit();
  fmt::print("{}", options.json
                       ? summary.dump(2) + "\n"
                       : SummaryText(study, scenario->scenario().name));
  return ExitCode::kDone;
}

}  // namespace

void AddContentionVerb(CLI::App* app, CommandLine* line) {
  auto options = std::make_shared<ContentionOptions>();
  CLI::App* const verb =
      AddVerb(app, line, "contention",
              "profile functions side by side and predict their co-locations",
              "airlock contention scenarios/datacentre/contention.yaml -o "
              "out/contention",
              [options] { return RunStudy(*options); });
  verb->add_option("SCENARIO", options->scenario,
                   "servers whose chains are of one function each")
      ->required();
  verb->add_option("-o,--out", options->out,
                   "folder for mixes.csv and summary.json")
      ->required();
  verb->add_option("--packet-sizes", options->packet_sizes,
                   "frames that functions are profiled with")
      ->delimiter(',')
      ->capture_default_str();
  verb->add_option("--flows", options->study.flows,
                   "numbers of flows that they are profiled with")
      ->delimiter(',')
      ->check(NumberWithin(1, 1e8))
      ->capture_default_str();
  verb->add_option("--competitors", options->study.most_competitors,
                   "beside a target, at most")
      ->check(NumberWithin(1, 1000))
      ->capture_default_str();
  verb->add_option("--synthetic", options->study.synthetic,
                   "co-locations of each function and traffic with synthetic "
                   "competitors")
      ->check(NumberWithin(0, 1e6))
      ->capture_default_str();
  verb->add_option("--mixes", options->study.mixes,
                   "co-locations of functions to predict")
      ->check(NumberWithin(2, 1e6))
      ->capture_default_str();
  verb->add_option("--held-out", options->study.held_out_pairs,
                   "share of (target, competitor) pairs never learnt from")
      ->check(NumberWithin(0.01, 0.99))
      ->capture_default_str();
  verb->add_option(
          "--seed", options->study.seed,
          "of mixes, held-out pairs and the bootstrap; packets: run.seed")
      ->capture_default_str();
  verb->add_option("--jobs", options->study.jobs,
                   "runs at a time (default: one a processor)")
      ->check(NonNegative());
  verb->add_option("--set", options->overrides,
                   "override a key of the scenario: KEY=VALUE");
  verb->add_flag("--overwrite", options->overwrite,
                 "replace the folder if it exists");
  verb->add_flag("--json", options->json, "print the answer as JSON");
}

}  // namespace airlock
