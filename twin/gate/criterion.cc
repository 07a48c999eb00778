#include "twin/gate/criterion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/stats/t_test.h"
#include "twin/gate/criteria/families.h"
#include "twin/gate/evidence.h"

namespace airlock {
namespace {

bool IsLeftOut(const std::string& name, const GateFile& file) {
  return std::any_of(file.relax.begin(), file.relax.end(),
                     [&name](const Relaxation& relaxation) {
                       return relaxation.criterion == name;
                     });
}

}  // namespace

const char* ToString(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPromote:
      return "promote";
    case Outcome::kReject:
      return "reject";
    case Outcome::kInconclusive:
      return "inconclusive";
  }
  return "inconclusive";
}

ExitCode ExitCodeOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPromote:
      return ExitCode::kDone;
    case Outcome::kReject:
      return ExitCode::kNo;
    case Outcome::kInconclusive:
      return ExitCode::kInconclusive;
  }
  return ExitCode::kInconclusive;
}

const std::vector<CriterionRow>& Criteria() {
  static const std::vector<CriterionRow> rows = [] {
    std::vector<CriterionRow> all;
    for (auto* const family :
         {PredictionCriteria, ComparisonCriteria, TailCriteria, DriftCriteria,
          CostCriteria, TwinCriteria, OfflineCriteria, BehaviourCriteria}) {
      for (CriterionRow& row : family()) all.push_back(std::move(row));
    }
    return all;
  }();
  return rows;
}

const CriterionRow* FindCriterion(const std::string& name) {
  for (const CriterionRow& row : Criteria()) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

Stage StageOf(const CriterionConfig& config) {
  const CriterionRow* const row = FindCriterion(config.kind);
  if (row == nullptr) return Stage::kMeasured;
  for (const std::string& key : row->keys) {
    if (key == "on" && config.on == "twin") return Stage::kTwin;
  }
  return row->stage;
}

std::vector<CriterionResult> JudgeAll(const Evidence& evidence,
                                      bool with_twin) {
  std::vector<CriterionResult> results;
  for (const CriterionRow& row : Criteria()) {
    std::vector<CriterionConfig> asked;
    for (const CriterionConfig& config : evidence.file.criteria) {
      if (config.kind == row.name) asked.push_back(config);
    }
    const bool applies = row.applies == nullptr || row.applies(evidence.file);
    if (asked.empty() && row.always && applies &&
        !IsLeftOut(row.name, evidence.file)) {
      asked.emplace_back();
      asked.back().kind = row.name;
    }
    for (const CriterionConfig& config : asked) {
      if (StageOf(config) == Stage::kMeasured || with_twin) {
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
  ApplyHolm(&results);
  return results;
}

bool TwinHasSettled(const Evidence& evidence) {
  bool all_pass = true;
  for (const CriterionConfig& config : evidence.file.criteria) {
    if (StageOf(config) != Stage::kTwin) continue;
    const CriterionResult result =
        FindCriterion(config.kind)->judge(config, evidence);
    if (result.outcome == Outcome::kReject || result.futile) return true;
    all_pass = all_pass && result.outcome == Outcome::kPromote;
  }
  return all_pass;
}

Outcome Combine(const std::vector<CriterionResult>& results) {
  bool all_pass = !results.empty();
  for (const CriterionResult& result : results) {
    if (result.outcome == Outcome::kReject) return Outcome::kReject;
    all_pass = all_pass && result.outcome == Outcome::kPromote;
  }
  return all_pass ? Outcome::kPromote : Outcome::kInconclusive;
}

void ApplyHolm(std::vector<CriterionResult>* results) {
  std::vector<CriterionResult*> guardrails;
  std::vector<double> p_values;
  for (CriterionResult& result : *results) {
    if (!result.guardrail) continue;
    guardrails.push_back(&result);
    p_values.push_back(result.p_reject);
  }
  const std::vector<double> adjusted = HolmAdjusted(p_values);
  for (size_t i = 0; i < guardrails.size(); ++i) {
    CriterionResult& result = *guardrails[i];
    // What rejects without a p-value is a fact, not a test.
    if (std::isnan(adjusted[i])) continue;
    result.p_reject = adjusted[i];
    if (result.outcome == Outcome::kReject &&
        !(adjusted[i] < 1 - result.confidence)) {
      result.outcome = Outcome::kInconclusive;
      result.reason += fmt::format(
          "; among {} guardrails that is no proof of harm (p {:.2g} "
          "after Holm)",
          guardrails.size(), adjusted[i]);
    }
  }
}

}  // namespace airlock
