#include "calibration/traces/importer.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <sstream>

#include "calibration/traces/importers.h"
#include "calibration/traces/schema.h"
#include "sim/base/diagnostics.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

// Counts what is missing and names columns without any value.
void DescribeMissing(Trace* trace) {
  int64_t total = 0;
  std::string by_column, empty;
  for (const Column& column : trace->columns) {
    const int64_t missing = column.CountMissing();
    if (missing == 0) continue;
    total += missing;
    by_column += fmt::format("{}{}={}", by_column.empty() ? "" : " ",
                             column.name, missing);
    if (missing < trace->samples()) continue;
    empty += fmt::format("{}{}", empty.empty() ? "" : " ", column.name);
    AddWarning(trace,
               fmt::format("column '{}' has no value at all", column.name));
  }
  AddAttribute(trace, "missing_values", std::to_string(total));
  if (total > 0) AddAttribute(trace, "missing_by_column", by_column);
  if (!empty.empty()) AddAttribute(trace, "empty_columns", empty);
}

std::string LastComponent(const std::string& path) {
  const std::filesystem::path whole = std::filesystem::path(path);
  return whole.has_filename() ? whole.filename().string()
                              : whole.parent_path().filename().string();
}

// An importer that needs the path alone.
auto OfPath(Trace (*import)(const std::string&)) {
  return [import](const std::string& path, const PcapOptions& /*pcap*/) {
    return import(path);
  };
}

}  // namespace

PcapServer ParsePcapServer(const std::string& text) {
  const auto fail = [&](const std::string& why) {
    throw InputError(
        fmt::format("'{}' is not NAME=ADDRESS, like "
                    "web=10.0.0.3: {}",
                    text, why));
  };
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) fail("there is no name");
  PcapServer server;
  server.name = text.substr(0, equals);
  std::istringstream parts(text.substr(equals + 1));
  for (int part = 0; part < 4; ++part) {
    int number = -1;
    char dot = '.';
    if (part > 0) parts >> dot;
    if (!std::isdigit(parts.peek()) || !(parts >> number) || number > 255 ||
        dot != '.') {
      fail("the address is not four numbers of 0 to 255");
    }
    server.address = server.address << 8 | static_cast<uint32_t>(number);
  }
  if (parts.peek() != EOF) fail("something follows the address");
  return server;
}

const std::vector<Importer>& Importers() {
  static const std::vector<Importer>* const kImporters =
      new std::vector<Importer>{
          {"csv", "any CSV with a time column; units as `name [unit]`",
           OfPath(ImportCsv)},
          {"drst", "joined chain CSV: rates, latency, perf events by function",
           OfPath(ImportDrst)},
          {"link-log",
           "WLAN link log CSV, or its trace-NR folder: joins the survey too",
           OfPath(ImportLinkLog)},
          {"nfvbench", "NFVbench search iterations (one row a trial)",
           OfPath(ImportNfvbench)},
          {"pcap",
           "capture of packets to the servers of a pool, as a load balancer "
           "sees them",
           ImportPcap},
          {"pcm", "Intel PCM, pcm-memory or pcm-pcie CSV, or a folder of them",
           OfPath(ImportPcm)},
          {"perf", "perf stat -I N -x, interval counts", OfPath(ImportPerf)},
          {"survey", "AP channel survey: repeated iw survey dump, or its CSV",
           OfPath(ImportSurvey)},
          {"testbed", "trace of the measuring tool, with its .json record",
           OfPath(ImportTestbed)},
      };
  return *kImporters;
}

Trace ImportTrace(const std::string& format, const std::string& path,
                  const PcapOptions& pcap) {
  std::vector<std::string> names;
  for (const Importer& importer : Importers()) {
    names.push_back(importer.name);
    if (importer.name != format) continue;
    Trace trace = importer.function(path, pcap);
    trace.source = format;
    if (trace.origin.empty()) trace.origin = LastComponent(path);
    AddAttribute(&trace, "imported_from", LastComponent(path));
    DescribeMissing(&trace);
    std::sort(trace.attributes.begin(), trace.attributes.end());
    trace.Validate();
    return trace;
  }
  const std::string nearest = NearestName(format, names);
  throw InputError(fmt::format(
      "no importer is named '{}'{}; known: {}", format,
      nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest),
      fmt::join(names, ", ")));
}

}  // namespace airlock
