#include "sim/results/run_record.h"

#include <fmt/format.h>

#include <ctime>

#include "sim/base/digest.h"
#include "sim/base/version.h"

namespace airlock {
namespace {

void AddSeries(const Trace& series, Digest* digest) {
  digest->Add(series.source);
  digest->Add(series.origin);
  digest->Add(static_cast<int64_t>(series.attributes.size()));
  for (const auto& [key, value] : series.attributes) {
    digest->Add(key);
    digest->Add(value);
  }
  for (const Column& column : series.columns) digest->Add(column.description);
  digest->Add(series.Digest());
}

void AddDecisions(const std::vector<ExplainedDecision>& decisions,
                  Digest* digest) {
  digest->Add(static_cast<int64_t>(decisions.size()));
  for (const ExplainedDecision& one : decisions) {
    digest->Add(one.access_point);
    for (const double value :
         {one.time_seconds, one.channel_before, one.width_before_hz,
          one.channel_after, one.width_after_hz, one.utilisation_before,
          one.utilisation_after, one.mean_before, one.mean_after}) {
      digest->Add(value);
    }
    digest->Add(one.decided_by);
    digest->Add(one.reason);
  }
}

void AddSettings(const std::vector<ExplainedSetting>& settings,
                 Digest* digest) {
  digest->Add(static_cast<int64_t>(settings.size()));
  for (const ExplainedSetting& one : settings) {
    digest->Add(one.setting);
    for (const double value :
         {one.time_seconds, one.before, one.proposed, one.after}) {
      digest->Add(value);
    }
    digest->Add(one.decided_by);
    digest->Add(one.reason);
  }
}

// A CSV of what all replications have in `rows`; empty where none has any.
template <typename Row>
std::string CsvOf(const std::vector<ReplicationRecord>& replications,
                  std::vector<Row> ReplicationRecord::*rows,
                  const std::string& header, std::string (*cells)(const Row&)) {
  std::string text;
  for (const ReplicationRecord& replication : replications) {
    for (const Row& one : replication.*rows) {
      if (text.empty()) text = "replication," + header + "\n";
      text +=
          fmt::format("{},{}\n", replication.replication.value(), cells(one));
    }
  }
  return text;
}

}  // namespace

Provenance CurrentProvenance() {
  Provenance provenance;
  provenance.airlock_version = Version();
  provenance.git_sha1 = GitCommit();
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  provenance.date_and_time = text;
  return provenance;
}

std::string RunRecord::Digest() const {
  airlock::Digest digest;
  digest.Add(provenance.airlock_version);
  digest.Add(provenance.git_sha1);
  digest.Add(static_cast<int64_t>(provenance.seed));
  digest.Add(provenance.engine);
  digest.Add(provenance.scenario_sha256);
  digest.Add(scenario_name);
  digest.Add(static_cast<int64_t>(replications.size()));
  for (const ReplicationRecord& replication : replications) {
    digest.Add(replication.replication.value());
    digest.Add(replication.warmup_seconds);
    digest.Add(replication.simulated_seconds);
    digest.Add(replication.events);
    digest.Add(static_cast<int64_t>(replication.metrics.size()));
    for (const Metric& metric : replication.metrics) {
      digest.Add(metric.name);
      digest.Add(metric.unit);
      digest.Add(metric.description);
      digest.Add(metric.value);
    }
    // A record without them has the digest that it had before there were any.
    if (!replication.decisions.empty()) {
      AddDecisions(replication.decisions, &digest);
    }
    if (!replication.settings.empty()) {
      AddSettings(replication.settings, &digest);
    }
    AddSeries(replication.series, &digest);
  }
  return digest.Hex();
}

std::string RunRecord::DecisionsCsv() const {
  const std::string channels =
      CsvOf(replications, &ReplicationRecord::decisions, DecisionHeader(),
            DecisionCells);
  if (!channels.empty()) return channels;
  return CsvOf(replications, &ReplicationRecord::settings, SettingHeader(),
               SettingCells);
}

}  // namespace airlock
