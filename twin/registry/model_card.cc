#include <fmt/format.h>

#include "twin/registry/model_facts.h"
#include "twin/registry/registry_export.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr char kMissing[] = "Missing: the record does not say.";

// Text of a file's as text in Markdown and HTML, on one line.
std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '<') {
      escaped += "&lt;";
    } else if (c == '&') {
      escaped += "&amp;";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      escaped += ' ';
    } else {
      if (std::string("\\`*_{}[]()#+!|>~").find(c) != std::string::npos) {
        escaped += '\\';
      }
      escaped += c;
    }
  }
  return escaped;
}

std::string TextOf(const json& row, const char* key) {
  const json value = row.value(key, json());
  return value.is_string() ? Escaped(value.get<std::string>()) : "";
}

std::string NumberIn(const json& row, const char* key) {
  const json value = row.value(key, json());
  if (value.is_number_integer()) return value.dump();
  return value.is_number() ? fmt::format("{:.4g}", value.get<double>())
                           : "missing";
}

std::string Details(const RegistryRecord& record, const VersionRecord& version,
                    const std::optional<ModelFacts>& facts) {
  const ReceiptRecord& last = version.receipts.back();
  const HistoryEntry& first = version.history.front();
  std::string aliases;
  for (const std::string& alias : version.aliases) {
    aliases += (aliases.empty() ? "" : ", ") + alias;
  }
  std::string text = fmt::format(
      "- Registry: {}, version {}\n- Digest: `{}`\n- Alias: {}\n"
      "- Brought by: {}, {}\n",
      Escaped(record.name), version.number, version.version.digest,
      aliases.empty() ? "none" : aliases, Escaped(first.who), first.when);
  text += facts ? fmt::format("- Kind: {}{}\n", Escaped(facts->forecaster),
                              facts->trainer.empty()
                                  ? ""
                                  : ", made by " + Escaped(facts->trainer))
                : fmt::format("- Kind: {}\n", kMissing);
  text += "- Files:\n";
  for (const ModelFile& file : version.version.files) {
    text += fmt::format("    - {} `{}`\n", Escaped(file.path), file.sha256);
  }
  text += fmt::format(
      "- Verdict: **{}**, receipt `{}`, signed with key `{:.16}`{}\n"
      "- Judged by: Airlock {} ({})\n- Licence: {}\n",
      last.summary.at("verdict").get<std::string>(), last.receipt.digest,
      last.receipt.key_id,
      last.counts ? "" : ", which the registry **no longer trusts**",
      Escaped(last.receipt.airlock_version),
      Escaped(last.receipt.airlock_commit), kMissing);
  return text;
}

std::string IntendedUse(const ReceiptRecord& last,
                        const std::optional<ModelFacts>& facts) {
  std::string text;
  if (facts) {
    text += fmt::format(
        "Predicts `{}` [{}] {}.\n\n", facts->target, facts->target_unit,
        facts->horizon == 0 ? "of the same sample"
                            : fmt::format("{} samples ahead", facts->horizon));
  } else {
    text += fmt::format("{}\n\n", kMissing);
  }
  const std::string description = TextOf(last.summary, "description");
  if (!description.empty()) text += description + "\n\n";
  return text +
         "It may go live where the question is the gate's; on anything else it "
         "was not judged.\n";
}

std::string Factors(const std::optional<ModelFacts>& facts) {
  if (!facts) return fmt::format("{}\n", kMissing);
  std::string text =
      fmt::format("Reads {} features:\n\n", facts->features.size());
  for (const std::string& feature : facts->features) {
    text += fmt::format("- {}\n", Escaped(feature));
  }
  return text;
}

std::string Metrics(const ReceiptRecord& last) {
  std::string text =
      "| Criterion | Outcome | Estimate | Low | High | Limit | Unit | n | "
      "Reason |\n|---|---|---|---|---|---|---|---|---|\n";
  for (const json& row : last.summary.at("criteria")) {
    const std::string label = TextOf(row, "label");
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                        label.empty() ? TextOf(row, "kind") : label,
                        TextOf(row, "outcome"), NumberIn(row, "estimate"),
                        NumberIn(row, "low"), NumberIn(row, "high"),
                        NumberIn(row, "limit"), TextOf(row, "unit"),
                        NumberIn(row, "n"), TextOf(row, "reason"));
  }
  return text;
}

std::string EvaluationData(const ReceiptRecord& last) {
  std::string text;
  for (const BoundFile& file : last.receipt.bound) {
    if (file.in_gate_folder) continue;
    text += fmt::format("- {}: {} `{}`\n", Escaped(file.role),
                        Escaped(file.path), file.sha256);
  }
  return text.empty() ? fmt::format("{}\n", kMissing) : text;
}

std::string TrainingData(const std::optional<ModelFacts>& facts) {
  if (!facts) return fmt::format("{}\n", kMissing);
  return fmt::format("{} samples with the digest `{}`.\n",
                     facts->training_samples, facts->training_digest);
}

// What the gate could not settle or turned down.
std::string Caveats(const VersionRecord& version) {
  const ReceiptRecord& last = version.receipts.back();
  std::string text;
  for (const json& row : last.summary.at("criteria")) {
    if (row.value("outcome", "") == "promote") continue;
    text += fmt::format("- {}: {}: {}\n", TextOf(row, "outcome"),
                        TextOf(row, "label"), TextOf(row, "reason"));
  }
  for (const json& row : last.summary.value("relaxed", json::array())) {
    text += fmt::format("- Not asked: {}, because {}\n",
                        TextOf(row, "criterion"), TextOf(row, "because"));
  }
  for (const HistoryEntry& entry : version.history) {
    if (entry.action != "rollback") continue;
    text +=
        fmt::format("- Went live again by a rollback on {}: {}\n", entry.when,
                    entry.why.empty() ? "no reason given" : Escaped(entry.why));
  }
  if (!last.counts) {
    text += "- Its receipt is signed with a key that is no longer trusted.\n";
  }
  return text.empty() ? "None on record.\n" : text;
}

// A fence that the text cannot end.
std::string Fenced(const std::string& text) {
  std::string fence = "```";
  while (text.find(fence) != std::string::npos) fence += '`';
  return fmt::format("{0}yaml\n{1}{2}{0}\n", fence, text,
                     !text.empty() && text.back() == '\n' ? "" : "\n");
}

}  // namespace

std::string ModelCard(const RegistryRecord& record,
                      const VersionRecord& version) {
  const ReceiptRecord& last = version.receipts.back();
  const std::optional<ModelFacts> facts = FactsOf(version.version);
  std::string card =
      fmt::format("# Model card: {}\n\n", Escaped(version.version.name));
  const std::pair<const char*, std::string> sections[] = {
      {"Model details", Details(record, version, facts)},
      {"Intended use", IntendedUse(last, facts)},
      {"Factors", Factors(facts)},
      {"Metrics", Metrics(last)},
      {"Evaluation data", EvaluationData(last)},
      {"Training data", TrainingData(facts)},
      {"Quantitative analyses",
       last.gate_text.empty()
           ? fmt::format("{}\n", kMissing)
           : "What the gate asked:\n\n" + Fenced(last.gate_text)},
      {"Ethical considerations", fmt::format("{}\n", kMissing)},
      {"Caveats and recommendations", Caveats(version)}};
  for (const auto& [title, text] : sections) {
    card += fmt::format("## {}\n\n{}\n", title, text);
  }
  return card;
}

}  // namespace airlock
