#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>

#include "calibration/traces/importers.h"
#include "calibration/traces/pcm_file.h"
#include "calibration/traces/schema.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

struct NamedPcmTrace {
  std::string name;  // of the file, without ".csv", ".xz", ".gz"
  Trace trace;
};

std::string StemOf(const std::string& file_name) {
  return file_name.substr(0, file_name.find(".csv"));
}

bool IsCsvName(const std::string& name) {
  for (const std::string ending : {".csv", ".csv.xz", ".csv.gz"}) {
    if (name.size() > ending.size() && name.front() != '.' &&
        name.compare(name.size() - ending.size(), ending.size(), ending) == 0) {
      return true;
    }
  }
  return false;
}

double MedianInterval(const std::vector<double>& times) {
  std::vector<double> steps;
  for (size_t i = 1; i < times.size(); ++i) {
    steps.push_back(times[i] - times[i - 1]);
  }
  if (steps.empty()) return 1;
  std::nth_element(steps.begin(), steps.begin() + steps.size() / 2,
                   steps.end());
  return steps[steps.size() / 2];
}

// For every time of `base` the index of the nearest of `times` within
// `tolerance`, -1 if there is none. Each index is used at most once, by the
// nearest of its base times. Both increase.
std::vector<int64_t> MatchTimes(const std::vector<double>& base,
                                const std::vector<double>& times,
                                double tolerance) {
  std::vector<int64_t> row_of(base.size(), -1);
  std::vector<int64_t> base_of(times.size(), -1);
  for (size_t i = 0; i < base.size(); ++i) {
    const auto after = std::lower_bound(times.begin(), times.end(), base[i]);
    int64_t best = -1;
    for (const auto candidate :
         {after, after == times.begin() ? times.end() : after - 1}) {
      if (candidate == times.end()) continue;
      const double distance = std::abs(*candidate - base[i]);
      if (distance > tolerance) continue;
      if (best < 0 || distance < std::abs(times[best] - base[i])) {
        best = candidate - times.begin();
      }
    }
    if (best < 0) continue;
    const int64_t other = base_of[best];
    if (other >= 0) {
      if (std::abs(times[best] - base[other]) <=
          std::abs(times[best] - base[i])) {
        continue;
      }
      row_of[other] = -1;
    }
    row_of[i] = best;
    base_of[best] = static_cast<int64_t>(i);
  }
  return row_of;
}

// Adds the columns of `part` to `whole`, whose times stay as they are.
void Join(const NamedPcmTrace& part, double tolerance, Trace* whole) {
  const std::vector<int64_t> row_of =
      MatchTimes(whole->time_seconds, part.trace.time_seconds, tolerance);
  const int64_t joined = std::count_if(row_of.begin(), row_of.end(),
                                       [](int64_t row) { return row >= 0; });
  AddAttribute(
      whole, "joined." + part.name,
      fmt::format("{} of {} rows, {} dropped; {} samples without one", joined,
                  part.trace.samples(), part.trace.samples() - joined,
                  whole->samples() - joined));
  for (const Column& source : part.trace.columns) {
    Column column = source;
    column.values.assign(row_of.size(), kMissing);
    for (size_t i = 0; i < row_of.size(); ++i) {
      if (row_of[i] >= 0) column.values[i] = source.values[row_of[i]];
    }
    whole->columns.push_back(std::move(column));
  }
}

// A name that several files have (each run of pcm counts the sockets) gets the
// file behind it: "socket.0.ipc@bridge-pcm".
void SeparateNames(std::vector<NamedPcmTrace>* files) {
  std::map<std::string, int> uses;
  for (const NamedPcmTrace& file : *files) {
    for (const Column& column : file.trace.columns) ++uses[column.name];
  }
  for (NamedPcmTrace& file : *files) {
    for (Column& column : file.trace.columns) {
      if (uses[column.name] > 1) column.name += "@" + file.name;
    }
  }
}

Trace ImportFolder(const std::string& path) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && IsCsvName(name)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  std::vector<NamedPcmTrace> files;
  std::string skipped;
  const auto skip = [&](const std::string& name, const char* why) {
    skipped += fmt::format("{}{}: {}", skipped.empty() ? "" : "; ", name, why);
  };
  for (const std::string& name : names) {
    const TextFile file = ReadTextFile((fs::path(path) / name).string());
    const PcmTool tool = RecognisePcm(file);
    if (tool == PcmTool::kNone) {
      skip(name, "not of Intel PCM");
      continue;
    }
    PcmTrace pcm = ReadPcmFile(file, tool);
    if (pcm.has_time) {
      files.push_back({StemOf(name), std::move(pcm.trace)});
    } else {
      skip(name, "without times it cannot be joined");
    }
  }
  if (files.empty()) {
    FailAt(path, 0, 0,
           fmt::format("no CSV file of Intel PCM with times in the folder{}{}",
                       skipped.empty() ? "" : "; ", skipped));
  }
  SeparateNames(&files);
  Trace whole;
  whole.time_seconds = files.front().trace.time_seconds;
  const double tolerance = MedianInterval(whole.time_seconds) / 2;
  for (const NamedPcmTrace& file : files) {
    Join(file, tolerance, &whole);
    const std::string warnings = file.trace.Attribute("warnings");
    if (!warnings.empty()) AddWarning(&whole, file.name + ": " + warnings);
  }
  AddAttribute(&whole, "time_axis", files.front().name);
  AddAttribute(&whole, "join_tolerance_seconds", tolerance);
  if (!skipped.empty()) AddAttribute(&whole, "skipped_files", skipped);
  StartTimeAtZero(&whole);
  return whole;
}

}  // namespace

Trace ImportPcm(const std::string& path) {
  if (fs::is_directory(path)) return ImportFolder(path);
  const TextFile file = ReadTextFile(path);
  const PcmTool tool = RecognisePcm(file);
  if (tool == PcmTool::kNone) {
    FailAt(path, 1, 0,
           "not a CSV file of Intel PCM: expected a group row and then "
           "'Date,Time,...', or a header with 'Skt'");
  }
  PcmTrace pcm = ReadPcmFile(file, tool);
  if (pcm.has_time) StartTimeAtZero(&pcm.trace);
  return std::move(pcm.trace);
}

}  // namespace airlock
