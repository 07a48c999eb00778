#include "twin/gate/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/stats/moments.h"
#include "twin/gate/evidence_collector.h"
#include "twin/registry/verdict.h"

namespace airlock {
namespace {

using nlohmann::json;

json ToJson(const CriterionResult& result) {
  return {{"kind", result.kind},
          {"label", result.label},
          {"outcome", ToString(result.outcome)},
          {"estimate", NumberOrNull(result.interval.estimate)},
          {"low", NumberOrNull(result.interval.low)},
          {"high", NumberOrNull(result.interval.high)},
          {"limit", NumberOrNull(result.limit)},
          {"unit", result.unit},
          {"confidence", NumberOrNull(result.confidence)},
          {"p_value", NumberOrNull(result.p_value)},
          {"p_reject", NumberOrNull(result.p_reject)},
          {"e_value", NumberOrNull(result.e_value)},
          {"power", NumberOrNull(result.power)},
          {"guardrail", result.guardrail},
          {"futile", result.futile},
          {"n", result.n},
          {"needed", result.needed},
          {"reason", result.reason}};
}

json ToJson(const KpiSamples& samples) {
  json models = json::object();
  for (const auto& [name, series] : samples.models) {
    json values = json::array();
    // One a replication: few enough to show, and worth it.
    if (samples.source == KpiSource::kTwin) {
      for (double value : series.values) values.push_back(NumberOrNull(value));
    }
    models[name] = {{"unit", series.unit},
                    {"clock", series.clock},
                    {"n", series.values.size()},
                    {"errored", series.errored},
                    {"stale", series.stale},
                    {"mean", NumberOrNull(Mean(series.values))},
                    {"values", std::move(values)}};
  }
  return {{"kpi", samples.kpi},
          {"source", ToString(samples.source)},
          {"better", samples.better == Better::kLower ? "lower" : "higher"},
          {"paired", samples.paired},
          {"models", std::move(models)}};
}

json ToJson(const OutputEvidence& output) {
  return {{"answers", output.answers},
          {"spread", output.spread},
          {"target_spread", output.target_spread},
          {"frozen", output.frozen},
          {"frozen_from", output.frozen_from},
          {"exact", output.exact}};
}

json ToJson(const ControlEvidence& control) {
  return {{"steps", control.steps},
          {"refused", control.refused},
          {"violations", control.violations},
          {"changes", control.changes},
          {"reversals", control.reversals}};
}

// What the clock said is not in it: it would be another in every run.
json ToJson(const BehaviourEvidence& behaviour) {
  json body = json::object();
  if (behaviour.program) {
    const ProgramAccount& a = *behaviour.program;
    body["program"] = {{"asked", a.asked},
                       {"answered", a.answered},
                       {"late", a.late},
                       {"ended", a.ended},
                       {"garbage", a.garbage},
                       {"unasked", a.unasked},
                       {"mismatched", a.mismatched},
                       {"given_up", a.given_up}};
  }
  if (behaviour.output) body["output"] = ToJson(*behaviour.output);
  if (behaviour.long_output) {
    body["long_output"] = ToJson(*behaviour.long_output);
  }
  for (const InputUse& use : behaviour.inputs) {
    body["inputs"].push_back({{"input", use.input},
                              {"named", use.named},
                              {"asked", use.asked},
                              {"changed", use.changed}});
  }
  if (behaviour.control) body["control"] = ToJson(*behaviour.control);
  if (behaviour.incumbent_control) {
    body["incumbent_control"] = ToJson(*behaviour.incumbent_control);
  }
  body["data_faults"] = behaviour.data_faults;
  return body;
}

void WriteSummary(const GateVerdict& verdict, const EvidenceCollector& gate,
                  const std::string& folder) {
  json summary = {{"filetype", "gate-verdict"},
                  {"version", {1, 0}},
                  {"gate", verdict.gate_name},
                  {"verdict", ToString(verdict.verdict)}};
  json files = json::array();
  for (const std::string& path : gate.candidate_files()) {
    files.push_back(
        {{"path", path}, {"sha256", Sha256OfFile(folder + "/" + path)}});
  }
  summary["candidate"] = {{"name", verdict.candidate_name},
                          {"files", std::move(files)}};
  summary["inputs"] = json::array();
  for (const GateInput& input : gate.inputs()) {
    summary["inputs"].push_back(
        {{"what", input.what}, {"path", input.path}, {"sha256", input.sha256}});
  }
  summary["criteria"] = json::array();
  for (const CriterionResult& result : verdict.criteria) {
    summary["criteria"].push_back(ToJson(result));
  }
  summary["relaxed"] = json::array();
  for (const Relaxation& relaxation : gate.evidence().file.relax) {
    summary["relaxed"].push_back(
        {{"criterion", relaxation.criterion}, {"because", relaxation.because}});
  }
  summary["behaviour"] = ToJson(gate.evidence().behaviour);
  summary["kpis"] = json::array();
  for (const KpiSamples& samples : gate.evidence().kpis) {
    summary["kpis"].push_back(ToJson(samples));
  }
  summary["digest"] = VerdictDigest(summary);
  WriteFileAtomically(folder + "/summary.json", summary.dump(2) + "\n");
}

}  // namespace

std::string VerdictText(const json& summary) {
  std::string text =
      fmt::format("{}: {}\n", summary.at("gate").get<std::string>(),
                  summary.at("verdict").get<std::string>());
  size_t width = 0;
  for (const json& each : summary.at("criteria")) {
    width = std::max(width, each.at("label").get<std::string>().size());
  }
  for (const json& each : summary.at("criteria")) {
    text += fmt::format("  {:12}  {:{}}  {}\n",
                        each.at("outcome").get<std::string>(),
                        each.at("label").get<std::string>(), width,
                        each.at("reason").get<std::string>());
    const auto needed = each.value("needed", int64_t{0});
    if (needed > 0) {
      text += fmt::format("  {:12}  {:{}}  about {} would do\n", "", "", width,
                          needed);
    }
  }
  return text;
}

std::string GateVerdict::ToText() const {
  json summary = {{"gate", gate_name},
                  {"verdict", airlock::ToString(verdict)},
                  {"criteria", json::array()}};
  for (const CriterionResult& result : criteria) {
    summary["criteria"].push_back(ToJson(result));
  }
  return VerdictText(summary);
}

GateVerdict RunGate(const GateFile& file, const std::string& gate_path,
                    const std::string& folder, const GateOptions& options) {
  WriteFileAtomically(folder + "/gate.resolved.yaml", ResolvedGateText(file));
  EvidenceCollector gate(file, folder, options);
  gate.UseInput("gate", gate_path);
  gate.ReadScenarios();
  gate.CollectMeasured();
  const bool rejected =
      Combine(JudgeAll(gate.evidence(), false)) == Outcome::kReject;
  if (!rejected) gate.CollectTwin(TwinHasSettled);
  GateVerdict verdict;
  verdict.gate_name = file.name;
  verdict.candidate_name = file.candidate.name;
  verdict.criteria = JudgeAll(gate.evidence(), !rejected);
  verdict.verdict = Combine(verdict.criteria);
  gate.WriteWallClock();
  WriteSummary(verdict, gate, folder);
  return verdict;
}

}  // namespace airlock