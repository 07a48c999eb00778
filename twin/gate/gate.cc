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

// What the file asks and what is always asked, in the order of Criteria();
// without the twin its criteria are inconclusive.
std::vector<CriterionResult> Judge(const Evidence& evidence, bool with_twin) {
  std::vector<CriterionResult> results;
  for (const CriterionRow& row : Criteria()) {
    std::vector<CriterionConfig> asked;
    for (const CriterionConfig& config : evidence.file.criteria) {
      if (config.kind == row.name) asked.push_back(config);
    }
    if (asked.empty() && row.always) {
      asked.emplace_back();
      asked.back().kind = row.name;
    }
    for (const CriterionConfig& config : asked) {
      if (row.stage == Stage::kMeasured || with_twin) {
        results.push_back(row.judge(config, evidence));
        continue;
      }
      CriterionResult skipped;
      skipped.kind = config.kind;
      skipped.label = config.kind;
      skipped.reason = "not evaluated: the measured evidence already rejects";
      results.push_back(skipped);
    }
  }
  return results;
}

json ToJson(const CriterionResult& result) {
  return {{"kind", result.kind},
          {"label", result.label},
          {"outcome", ToString(result.outcome)},
          {"estimate", NumberOrNull(result.interval.estimate)},
          {"low", NumberOrNull(result.interval.low)},
          {"high", NumberOrNull(result.interval.high)},
          {"limit", NumberOrNull(result.limit)},
          {"unit", result.unit},
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

void WriteSummary(const GateVerdict& verdict, const EvidenceCollector& gate,
                  const std::string& folder) {
  json summary = {{"filetype", "gate-verdict"},
                  {"version", {1, 0}},
                  {"gate", verdict.gate_name},
                  {"verdict", ToString(verdict.verdict)}};
  summary["candidate"] = {
      {"name", verdict.candidate_name},
      {"files",
       {{{"path", "candidate.model"},
         {"sha256", Sha256OfFile(folder + "/candidate.model")}}}}};
  summary["inputs"] = json::array();
  for (const GateInput& input : gate.inputs()) {
    summary["inputs"].push_back(
        {{"what", input.what}, {"path", input.path}, {"sha256", input.sha256}});
  }
  summary["criteria"] = json::array();
  for (const CriterionResult& result : verdict.criteria) {
    summary["criteria"].push_back(ToJson(result));
  }
  summary["kpis"] = json::array();
  for (const KpiSamples& samples : gate.evidence().kpis) {
    summary["kpis"].push_back(ToJson(samples));
  }
  summary["digest"] = VerdictDigest(summary);
  WriteFileAtomically(folder + "/summary.json", summary.dump(2) + "\n");
}

}  // namespace

std::string GateVerdict::ToText() const {
  std::string text =
      fmt::format("{}: {}\n", gate_name, airlock::ToString(verdict));
  size_t width = 0;
  for (const CriterionResult& result : criteria) {
    width = std::max(width, result.label.size());
  }
  for (const CriterionResult& result : criteria) {
    text +=
        fmt::format("  {:12}  {:{}}  {}\n", airlock::ToString(result.outcome),
                    result.label, width, result.reason);
    if (result.needed > 0) {
      text += fmt::format("  {:12}  {:{}}  about {} would do\n", "", "", width,
                          result.needed);
    }
  }
  return text;
}

GateVerdict RunGate(const GateFile& file, const std::string& gate_path,
                    const std::string& folder, const GateOptions& options) {
  WriteFileAtomically(folder + "/gate.resolved.yaml", ResolvedGateText(file));
  EvidenceCollector gate(file, folder, options);
  gate.UseInput("gate", gate_path);
  gate.ReadScenarios();
  gate.CollectMeasured();
  const bool rejected =
      Combine(Judge(gate.evidence(), false)) == Outcome::kReject;
  if (!rejected) gate.CollectTwin();
  GateVerdict verdict;
  verdict.gate_name = file.name;
  verdict.candidate_name = file.candidate.name;
  verdict.criteria = Judge(gate.evidence(), !rejected);
  verdict.verdict = Combine(verdict.criteria);
  WriteSummary(verdict, gate, folder);
  return verdict;
}

}  // namespace airlock