#include "sim/collector/features.h"

namespace airlock {
namespace {

std::vector<Column> SummaryColumns(const std::string& prefix, Scope scope,
                                   const std::string& id,
                                   const FeatureRow& feature) {
  std::vector<Column> columns;
  for (const FeatureRow& summary : SummaryRows()) {
    Column column;
    column.name = prefix + feature.name + "_" + summary.name;
    column.unit = feature.unit;
    column.scope = scope;
    column.scope_id = id;
    column.description =
        std::string(feature.description) + ", " + summary.description;
    columns.push_back(column);
  }
  return columns;
}

}  // namespace

const std::array<FeatureRow, kServerCounters>& ServerCounterRows() {
  static const std::array<FeatureRow, kServerCounters> kRows = {{
      {"n_flow_on", "1", "flows that have begun and not ended, at the end"},
      {"n_flow", "1", "flows that begin"},
      {"n_fct", "1", "flows that complete"},
      {"n_packet", "packet", "packets towards the server"},
      {"n_norm_ack", "packet", "acknowledgements of new data, without data"},
      {"n_rtr", "packet", "SYN, data or FIN that was there before"},
      {"n_dpk", "packet",
       "acknowledgements that repeat the last, without "
       "data"},
      {"n_ooo", "packet",
       "packets that leave a gap, or acknowledge less than "
       "one before"},
      {"n_cls", "packet", "packets of flows that are not known"},
  }};
  return kRows;
}

const std::array<FeatureRow, kServerFeatures>& ServerFeatureRows() {
  static const std::array<FeatureRow, kServerFeatures> kRows = {{
      {"byte_f", "B", "bytes of its flow acknowledged so far"},
      {"byte_p", "B", "bytes that an acknowledgement covers"},
      {"win", "B", "window that the client offers"},
      {"d_win", "B", "change of that window since its last acknowledgement"},
      {"fct", "s", "completion time of flows, first SYN to FIN"},
      {"flow_duration", "s", "age of the flow at its acknowledgements"},
      {"iat_f", "s", "time between flows that begin"},
      {"iat_p", "s", "time between packets"},
      {"iat_ppf", "s", "time between packets of a flow"},
      {"pt_1st", "s",
       "time from a request to the server's first data, by TCP "
       "timestamps"},
      {"pt_gen", "s", "time between further data, by TCP timestamps"},
      {"lat_synack", "s", "time from SYN to the handshake's last packet"},
  }};
  return kRows;
}

const std::array<FeatureRow, kSummaries>& SummaryRows() {
  static const std::array<FeatureRow, kSummaries> kRows = {{
      {"mean", "", "mean of the reservoir"},
      {"p90", "", "90th percentile of the reservoir"},
      {"std", "", "standard deviation in the reservoir"},
      {"mean_decay", "", "mean of the reservoir, weighed by age"},
      {"p90_decay", "", "90th percentile of the reservoir, weighed by age"},
  }};
  return kRows;
}

const FeatureRow& BalancerFeatureRow() {
  static const FeatureRow kRow = {"iat_f_lb", "s",
                                  "time between flows that begin, all servers"};
  return kRow;
}

std::array<double, kSummaries> SummaryValues(const ReservoirSummary& summary) {
  return {summary.mean, summary.p90, summary.std, summary.mean_decay,
          summary.p90_decay};
}

Column ServerCounterColumn(const std::string& server, ServerCounter counter) {
  const FeatureRow& row = ServerCounterRows()[Index(counter)];
  Column column;
  column.name = "server." + server + "." + row.name;
  column.unit = row.unit;
  column.scope = Scope::kServer;
  column.scope_id = server;
  column.description = row.description;
  return column;
}

std::vector<Column> ServerFeatureColumns(const std::string& server,
                                         ServerFeature feature) {
  return SummaryColumns("server." + server + ".", Scope::kServer, server,
                        ServerFeatureRows()[Index(feature)]);
}

std::vector<Column> BalancerFeatureColumns() {
  return SummaryColumns("balancer.", Scope::kSystem, "", BalancerFeatureRow());
}

std::vector<Column> CollectorColumns(const std::vector<std::string>& servers) {
  std::vector<Column> columns;
  const auto append = [&](const std::vector<Column>& more) {
    columns.insert(columns.end(), more.begin(), more.end());
  };
  for (const std::string& server : servers) {
    for (size_t c = 0; c < kServerCounters; ++c) {
      columns.push_back(
          ServerCounterColumn(server, static_cast<ServerCounter>(c)));
    }
    for (size_t f = 0; f < kServerFeatures; ++f) {
      append(ServerFeatureColumns(server, static_cast<ServerFeature>(f)));
    }
  }
  append(BalancerFeatureColumns());
  return columns;
}

}  // namespace airlock
