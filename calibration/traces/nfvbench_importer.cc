#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "calibration/traces/csv.h"
#include "calibration/traces/importers.h"
#include "calibration/traces/schema.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

constexpr const char* kHeader[] = {
    "file",   "date",          "frame_size",
    "kind",   "requested_pps", "actual_tx_pps",
    "rx_pps", "drop_pct",      "time_ms_or_avg_delay_usec"};
enum Field {
  kFile,
  kDate,
  kFrameSize,
  kKind,
  kRequested,
  kSent,
  kReceived,
  kDropped,
  kTimeOrDelay,
  kFields
};

// NFVbench's IMIX: frames of 64, 594 and 1518 bytes at 7:4:1, FCS included.
constexpr double kImixMeanBytes = (7 * 64.0 + 4 * 594.0 + 1518.0) / 12;

// What the name of a result file says: ".../2t1c_novlan/csc_10c1n_ndr-1.json"
// is a chain of kind csc, 10 chains of 1 function, the switch on 2 threads of
// 1 core.
struct Setting {
  std::string chain_kind;
  double chains = kMissing;
  double functions = kMissing;
  double switch_threads = kMissing;
  double switch_cores = kMissing;
};

// "10c1n" with units 'c' and 'n' -> 10 and 1; false if it does not read so.
bool ReadPair(std::string_view text, char first_unit, char second_unit,
              double* first, double* second) {
  const size_t split = text.find(first_unit);
  if (split == std::string_view::npos || text.empty() ||
      text.back() != second_unit) {
    return false;
  }
  int64_t a = 0, b = 0;
  if (!ParseInteger(text.substr(0, split), &a) ||
      !ParseInteger(text.substr(split + 1, text.size() - split - 2), &b)) {
    return false;
  }
  *first = static_cast<double>(a);
  *second = static_cast<double>(b);
  return true;
}

Setting ReadSetting(std::string_view file) {
  Setting setting;
  size_t begin = 0;
  while (begin <= file.size()) {
    const size_t slash = std::min(file.find('/', begin), file.size());
    const std::string_view part = file.substr(begin, slash - begin);
    ReadPair(part.substr(0, part.find('_')), 't', 'c', &setting.switch_threads,
             &setting.switch_cores);
    begin = slash + 1;
    if (slash < file.size()) continue;
    const size_t kind_end = part.find('_');
    if (kind_end == std::string_view::npos) break;
    const std::string_view rest = part.substr(kind_end + 1);
    if (ReadPair(rest.substr(0, rest.find('_')), 'c', 'n', &setting.chains,
                 &setting.functions)) {
      setting.chain_kind = std::string(part.substr(0, kind_end));
    }
  }
  return setting;
}

bool EndsWith(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() &&
         text.substr(text.size() - ending.size()) == ending;
}

// Gathers the columns row by row.
class NfvbenchTrace {
 public:
  NfvbenchTrace();
  void AddRow(const CsvReader& reader, const std::vector<CsvCell>& cells);
  Trace Finish();

 private:
  enum Index {
    kPacketSize,
    kIsImix,
    kChains,
    kFunctions,
    kThreads,
    kCores,
    kIsFinal,
    kTarget,
    kOffered,
    kDelivered,
    kLossRatio,
    kLatency,
    kTrialTime,
    kColumns
  };
  void Set(Index column, double value) {
    trace_.columns[column].values.back() = value;
  }
  void SetFrameSize(const CsvReader& reader, const CsvCell& cell);
  void SetTimeOrDelay(const CsvReader& reader, const CsvCell& kind,
                      const CsvCell& cell);

  Trace trace_;
  std::vector<std::string> chain_kinds_;  // of the rows
  int64_t zero_delays_ = 0;
};

NfvbenchTrace::NfvbenchTrace() {
  const auto add = [&](const char* name, Role role, const char* unit,
                       const char* description) {
    trace_.columns.push_back(
        {name, role, unit, Scope::kSystem, "", description, {}});
  };
  add("packet_size", Role::kInput, "B", "frame with FCS; IMIX: its mean");
  add("packet_size_mixed", Role::kInput, "1", "1: IMIX, 0: one size");
  add("chains", Role::kInput, "1", "parallel chains");
  add("functions", Role::kInput, "1", "functions in each chain");
  add("switch_threads", Role::kInput, "1", "threads of the virtual switch");
  add("switch_cores", Role::kInput, "1", "cores of the virtual switch");
  add("final", Role::kInput, "1", "1: the search's result, 0: a trial");
  add("load_target_packet_rate", Role::kInput, "packet/s", "asked for");
  add("offered_packet_rate", Role::kKpi, "packet/s", "sent");
  add("delivered_packet_rate", Role::kKpi, "packet/s", "received");
  add("loss_ratio", Role::kKpi, "1", "lost of those sent");
  add("latency_mean", Role::kKpi, "s", "mean delay; on final rows only");
  add("trial_time", Role::kCounter, "s", "since 1970; on trial rows only");
}

void NfvbenchTrace::SetFrameSize(const CsvReader& reader, const CsvCell& cell) {
  const bool mixed = cell.text == "IMIX";
  Set(kIsImix, mixed ? 1 : 0);
  Set(kPacketSize, mixed ? kImixMeanBytes
                         : NumberOrMissing(reader, cell, kHeader[kFrameSize]));
}

void NfvbenchTrace::SetTimeOrDelay(const CsvReader& reader, const CsvCell& kind,
                                   const CsvCell& cell) {
  const bool final_row = EndsWith(kind.text, "_final");
  if (!final_row && kind.text != "ndr_pdr" && kind.text != "ndr" &&
      kind.text != "pdr") {
    reader.Fail(kind.column,
                fmt::format("kind {}; expected ndr_pdr, ndr, pdr, ndr_final or "
                            "pdr_final",
                            Quoted(kind.text)));
  }
  double value = NumberOrMissing(reader, cell, kHeader[kTimeOrDelay]);
  Set(kIsFinal, final_row ? 1 : 0);
  if (!final_row) {
    Set(kTrialTime, value / 1e3);
    return;
  }
  if (value == 0) {  // no packet takes no time: nothing was measured
    ++zero_delays_;
    value = kMissing;
  }
  Set(kLatency, value / 1e6);
}

void NfvbenchTrace::AddRow(const CsvReader& reader,
                           const std::vector<CsvCell>& cells) {
  if (cells.size() != kFields) {
    reader.Fail(0, fmt::format("{} cells; the header has {}", cells.size(),
                               static_cast<int>(kFields)));
  }
  trace_.time_seconds.push_back(static_cast<double>(trace_.samples()));
  for (Column& column : trace_.columns) column.values.push_back(kMissing);
  const auto number = [&](Field field) {
    return NumberOrMissing(reader, cells[field], kHeader[field]);
  };
  const Setting setting = ReadSetting(cells[kFile].text);
  chain_kinds_.push_back(setting.chain_kind);
  Set(kChains, setting.chains);
  Set(kFunctions, setting.functions);
  Set(kThreads, setting.switch_threads);
  Set(kCores, setting.switch_cores);
  SetFrameSize(reader, cells[kFrameSize]);
  Set(kTarget, number(kRequested));
  Set(kOffered, number(kSent));
  Set(kDelivered, number(kReceived));
  Set(kLossRatio, number(kDropped) / 100);
  double date = 0;
  if (!ParseDateTime(cells[kDate].text, &date)) {
    reader.Fail(cells[kDate].column,
                fmt::format("column 'date': {} is not YYYY-MM-DD HH:MM:SS",
                            Quoted(cells[kDate].text)));
  }
  SetTimeOrDelay(reader, cells[kKind], cells[kTimeOrDelay]);
}

Trace NfvbenchTrace::Finish() {
  std::map<std::string, Column> kinds;
  for (const std::string& kind : chain_kinds_) {
    if (kind.empty()) continue;
    kinds.emplace(
        kind, Column{"chain_kind." + kind, Role::kInput, "1", Scope::kSystem,
                     "", "1: chains of this kind",
                     std::vector<double>(chain_kinds_.size(), kMissing)});
  }
  for (auto& [kind, column] : kinds) {
    for (size_t row = 0; row < chain_kinds_.size(); ++row) {
      if (chain_kinds_[row].empty()) continue;  // unknown: missing
      column.values[row] = chain_kinds_[row] == kind ? 1 : 0;
    }
    trace_.columns.push_back(std::move(column));
  }
  AddAttribute(&trace_, "time_source",
               "row number: the rows are trials of many searches, not a time "
               "series");
  AddAttribute(&trace_, "zero_delays", std::to_string(zero_delays_));
  return std::move(trace_);
}

}  // namespace

Trace ImportNfvbench(const std::string& path) {
  const TextFile file = ReadTextFile(path);
  CsvReader reader(file, ',');
  std::vector<CsvCell> cells;
  if (!reader.Next(&cells)) FailAt(path, 0, 0, "the file has no header line");
  for (size_t c = 0; c < std::max<size_t>(cells.size(), kFields); ++c) {
    const bool have = c < cells.size();
    if (have && c < kFields && cells[c].text == kHeader[c]) continue;
    reader.Fail(have ? cells[c].column : 0,
                fmt::format("column {} is {}; expected {}", c + 1,
                            have ? Quoted(cells[c].text) : "missing",
                            c < kFields ? Quoted(kHeader[c]) : "no more"));
  }
  NfvbenchTrace trace;
  while (reader.Next(&cells)) trace.AddRow(reader, cells);
  Trace result = trace.Finish();
  if (result.samples() == 0) {
    FailAt(path, 1, 0, "there is no row of values below the header");
  }
  return result;
}

}  // namespace airlock
