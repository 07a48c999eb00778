#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/file.h"
#include "sim/results/hdf5_file.h"
#include "sim/scenario/calibration_profile.h"
#include "sim/scenario/resolve.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"
#include "twin/gate/gate.h"
#include "twin/worker/run_batch.h"

// A world in which candidates with planted faults are judged: the trace is a
// run of a service chain on the fast engine, so the twin, which is the same
// chain under another load, is right by construction.
namespace airlock::testing {

inline constexpr char kChain[] = R"(schema: 1
name: planted
run: {engine: surrogate, seed: SEED, replications: 1, duration: DURATION,
  sample_interval: 1s}
datacentre:
  topology: {kind: back-to-back, host_link: {rate: 1Gbps, delay: 5us}}
  chain:
    source_host: 0
    server_host: 1
    functions:
      - name: bridge
        service: {distribution: gamma, per_packet: 10us, cv: 0.3}
        ring: 1000
      - name: firewall
        service: {distribution: gamma, per_packet: 50us, cv: 0.5}
        ring: 1000
      - name: inspect
        service: {distribution: gamma, per_packet: 100us, per_byte: 1us, cv: 0.5}
        ring: 511
    workload:
      arrivals: poisson
      load: LOAD
      packet_sizes:
        - {size: 128B, share: 25%}
        - {size: 512B, share: 25%}
        - {size: 1024B, share: 25%}
        - {size: 1400B, share: 25%}
)";
inline constexpr char kIncast[] = R"(schema: 1
name: incast
run: {replications: 4, duration: 80s, sample_interval: 1s}
controller: {interval: 50ms}
datacentre:
  topology:
    leaves: 1
    spines: 1
    hosts_per_leaf: 4
    host_link: {rate: 1Mbps, delay: 1ms}
    fabric_link: {rate: 10Mbps, delay: 1ms}
    queue: {limit: 500, ecn_threshold: 20}
  traffic: {kind: incast, flows: 3, receiver: 0}
)";
inline constexpr char kUsualLoad[] =
    "{kind: random-walk, rate: 1Mbps, peak: 5Mbps, period: 2s}";
inline constexpr char kCrowd[] =
    "{kind: flash-crowd, rate: 3Mbps, peak: 12Mbps, period: 20s}";
inline constexpr const char* kInputs[] = {
    "function.bridge.busy", "function.firewall.busy", "function.inspect.busy"};
// By its path: what lies before it on somebody's PATH may be a script that
// looks for it, which costs more than the candidates.
inline constexpr char kPython[] = "/usr/bin/python3";
inline constexpr char kTarget[] = "delivered_rate";
inline constexpr int kSamples = 900;
inline constexpr int kTraining = 540;

inline std::string ChainText(uint64_t seed, const std::string& duration,
                             const std::string& load) {
  std::string text = kChain;
  const auto put = [&text](const std::string& name, const std::string& value) {
    text.replace(text.find(name), name.size(), value);
  };
  put("SEED", std::to_string(seed));
  put("DURATION", duration);
  put("LOAD", load);
  return text;
}

// One candidate, and what the gate has to make of it.
struct Planted {
  std::string name;
  // Any of these rejects it, or none: it is a good one.
  std::vector<std::string> caught_by;
  std::string candidate;  // its lines in the gate file, after `name`
  std::string more;       // other lines of the gate file
  bool is_bad() const { return !caught_by.empty(); }
};

// Lines for the program `script` with the files beside it.
inline std::string Program(const std::string& folder, const std::string& script,
                           const std::vector<std::string>& more_files = {},
                           const std::string& more_keys = "") {
  const std::string from = AIRLOCK_SOURCE_DIR "/tests/faults/gate/candidates/";
  std::string files =
      fmt::format("{0}base.py, {0}{1}, {2}/model.json", from, script, folder);
  for (const std::string& file : more_files) files += ", " + file;
  return fmt::format(
      "  command: [{}, -S, {}]\n  files: [{}]\n  answer_within: 20s\n"
      "  start_within: 60s\n{}",
      kPython, script, files, more_keys);
}

// The trace, the twin, and the linear model of the scripts, for one seed.
class PlantedWorld {
 public:
  explicit PlantedWorld(uint64_t seed) : seed_(seed) {
    setenv("AIRLOCK_WORKER", AIRLOCK_BINARY_DIR "/airlock-worker", 1);
    WriteFileAtomically(
        folder_ / "chain.yaml",
        ChainText(seed, fmt::format("{}s", kSamples), kUsualLoad));
    WriteFileAtomically(folder_ / "crowd.yaml",
                        ChainText(seed, "160s", kCrowd));
    WriteFileAtomically(folder_ / "incast.yaml", kIncast);
    MakeTrace();
    MakeProfile();
    MakeModel();
  }

  const TemporaryFolder& folder() const { return folder_; }
  const Trace& trace() const { return trace_; }

  // The trace with an inspector that takes `factor` times as long in all
  // samples of which `slow` is true, as `name`.h5.
  void WriteSlower(const std::string& name, double factor,
                   bool (*slow)(int sample)) const {
    Trace other = trace_;
    for (Column& column : other.columns) {
      if (column.name != "function.inspect.busy") continue;
      for (int t = 0; t < kSamples; ++t) {
        double& busy = column.values[static_cast<size_t>(t)];
        if (slow(t)) busy = std::min(1.0, factor * busy);
      }
    }
    WriteTrace(other, folder_ / (name + ".h5"));
  }

  // The gate file for `planted`, on disk.
  std::string GateFileFor(const Planted& planted) const {
    const std::string path = folder_ / (planted.name + ".yaml");
    std::string text = fmt::format(
        "schema: 1\nname: {0}\nseed: {1}\ncandidate:\n  name: {0}\n{2}",
        planted.name, seed_, planted.candidate);
    if (planted.candidate.find("features:") == std::string::npos &&
        planted.candidate.find("model:") == std::string::npos &&
        planted.candidate.find("agent:") == std::string::npos &&
        planted.more.find("kind: control") == std::string::npos) {
      text += fmt::format("  features: [{}]\n", fmt::join(kInputs, ", "));
    }
    text += planted.more;
    if (text.find("\nincumbent:") == std::string::npos) {
      text +=
          "incumbent: {name: live, forecaster: linear, features: "
          "[function.bridge.busy]}\n";
    }
    if (text.find("\ncriteria:") == std::string::npos) {
      // As little as an author may write.
      text += "criteria:\n  - {kind: superiority, margin: 0%}\n";
    }
    if (text.find("\ntrace:") == std::string::npos &&
        text.find("kind: control") == std::string::npos) {
      text += fmt::format("trace: {{path: {}, format: airlock}}\n",
                          folder_ / "trace.h5");
    }
    if (text.find("\ntwin:") == std::string::npos) {
      text +=
          fmt::format("twin: {{scenario: {}, profile: {}, replications: 3}}\n",
                      folder_ / "crowd.yaml", folder_ / "profile.yaml");
    }
    WriteFileAtomically(path, text);
    return path;
  }

  // Runs the gate; its files are in OutOf(planted).
  GateVerdict Judge(const Planted& planted) const {
    const std::string path = GateFileFor(planted);
    Diagnostics diagnostics;
    const auto file = LoadGateFile(path, {}, &diagnostics);
    if (!file) throw InputError(diagnostics.Format());
    std::filesystem::create_directories(OutOf(planted));
    return RunGate(*file, path, OutOf(planted), {1, nullptr});
  }
  std::string OutOf(const Planted& planted) const {
    return folder_ / ("out-" + planted.name);
  }

 private:
  void MakeTrace() {
    Diagnostics diagnostics;
    const auto scenario =
        LoadRunnableScenario(folder_ / "chain.yaml", {}, &diagnostics);
    if (!scenario) throw InputError(diagnostics.Format());
    BatchOptions options;
    options.jobs = 1;
    trace_ = RunBatch(*scenario, options, nullptr).replications[0].series;
    WriteTrace(trace_, folder_ / "trace.h5");
  }

  void MakeProfile() {
    CalibrationProfile profile;
    profile.scenario_name = "planted";
    profile.trace = folder_ / "trace.h5";
    profile.trace_digest = trace_.Digest();
    profile.fit_samples = kTraining;
    profile.held_out_samples = kSamples - kTraining;
    FittedParameter parameter;
    parameter.function = "inspect";
    parameter.key = "service.per_packet";
    parameter.unit = "ns";
    parameter.value = 100000;
    parameter.low = 99000;
    parameter.high = 101000;
    profile.parameters = {parameter};
    KpiFidelity kpi;
    kpi.kpi = kTarget;
    kpi.samples = kSamples - kTraining;
    kpi.sd = 1e6;
    kpi.w1_over_sd = 0.01;
    kpi.coverage = 0.9;
    kpi.interval_width = 0.2;
    kpi.credible = true;
    profile.kpis = {kpi};
    WriteCalibrationProfile(profile, folder_ / "profile.yaml");
  }

  void MakeModel() {
    nlohmann::json rows = nlohmann::json::array();
    nlohmann::json by_time = nlohmann::json::array();
    nlohmann::json by_values = nlohmann::json::array();
    nlohmann::json training = nlohmann::json::array();
    const auto& y = trace_.Get(kTarget).values;
    const auto& busy = trace_.Get("function.inspect.busy").values;
    for (size_t t = 0; t < y.size(); ++t) {
      by_time.push_back({fmt::format("{:.3f}", trace_.time_seconds[t]), y[t]});
      by_values.push_back({fmt::format("{:.12g}", busy[t]), y[t]});
      if (t >= kTraining) continue;
      training.push_back(by_values.back());
      nlohmann::json row = nlohmann::json::array();
      for (const char* input : kInputs) {
        row.push_back(trace_.Get(input).values[t]);
      }
      rows.push_back(row);
    }
    const nlohmann::json data = {
        {"inputs", kInputs},
        {"x", rows},
        {"y", std::vector<double>(y.begin(), y.begin() + kTraining)}};
    WriteFileAtomically(folder_ / "train.json", data.dump());
    WriteFileAtomically(folder_ / "truth.json", by_time.dump());
    WriteFileAtomically(folder_ / "by_values.json", by_values.dump());
    WriteFileAtomically(folder_ / "training.json", training.dump());
    const ProgramResult fit =
        Run({kPython, "-S",
             AIRLOCK_SOURCE_DIR "/tests/faults/gate/candidates/fit.py"},
            folder_.path());
    if (fit.exit_code != 0) throw Error("fit.py: " + fit.err);
  }

  uint64_t seed_;
  TemporaryFolder folder_;
  Trace trace_;
};

}  // namespace airlock::testing
