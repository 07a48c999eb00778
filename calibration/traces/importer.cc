#include "calibration/traces/importer.h"

#include <algorithm>
#include <filesystem>

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

}  // namespace

const std::vector<Importer>& Importers() {
  static const std::vector<Importer>* const kImporters =
      new std::vector<Importer>{
          {"csv", "any CSV with a time column; units as `name [unit]`",
           ImportCsv},
          {"drst", "joined chain CSV: rates, latency, perf events by function",
           ImportDrst},
          {"link-log",
           "WLAN link log CSV, or its trace-NR folder: joins the survey too",
           ImportLinkLog},
          {"nfvbench", "NFVbench search iterations (one row a trial)",
           ImportNfvbench},
          {"pcm", "Intel PCM, pcm-memory or pcm-pcie CSV, or a folder of them",
           ImportPcm},
          {"perf", "perf stat -I N -x, interval counts", ImportPerf},
          {"survey", "AP channel survey: repeated iw survey dump, or its CSV",
           ImportSurvey},
          {"testbed", "trace of the measuring tool, with its .json record",
           ImportTestbed},
      };
  return *kImporters;
}

Trace ImportTrace(const std::string& format, const std::string& path) {
  std::vector<std::string> names;
  for (const Importer& importer : Importers()) {
    names.push_back(importer.name);
    if (importer.name != format) continue;
    Trace trace = importer.function(path);
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
