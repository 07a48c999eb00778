// Every importer against files broken in every way that files are broken. The
// rule: an import ends with a clean InputError that names the file, or every
// value it gives under a name at a time is the one that was written there.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <vector>

#include "sim/base/digest.h"
#include "sim/base/rng.h"
#include "tests/support/import_text.h"

namespace airlock {
namespace {

constexpr int kRows = 12;

// What was written for column `c` in row `r`: no two are equal, so a value in
// a wrong place shows.
double Written(int c, int r) { return 1000.0 * (c + 1) + r + 0.25; }
std::string Text(double value) { return fmt::format("{}", value); }

// A valid small file and what its trace must hold.
struct Specimen {
  std::string label;
  std::string format;
  std::string text;
  char separator = ',';
  int header_lines = 1;
  bool has_time = true;  // false: the row number is the time
  bool ends_lines = true;
  // The value of a trace's column at a time since 1970 or the file's zero.
  std::map<std::string, std::function<double(double time)>> values;
  // Text of the record beside the file, made for its text; empty: none.
  std::function<std::string(const std::string& text)> record;
};

// Row number of a time, for files whose row r is at start + r * step.
std::function<double(double)> Column(int c, double start, double step,
                                     double scale = 1) {
  return [=](double time) {
    return scale *
           Written(c, static_cast<int>(std::lround((time - start) / step)));
  };
}

std::string Rows(int columns, const std::function<std::string(int)>& time,
                 const std::string& separator, const std::string& ending) {
  std::string text;
  for (int r = 0; r < kRows; ++r) {
    text += time(r);
    for (int c = 0; c < columns; ++c) text += separator + Text(Written(c, r));
    text += ending + "\n";
  }
  return text;
}

Specimen CsvSpecimen() {
  Specimen s;
  s.label = "csv";
  s.format = "csv";
  s.text = "time,a,b [ms],core.0.user\n" +
           Rows(
               3, [](int r) { return Text(0.5 * r); }, ",", "");
  s.values = {{"a", Column(0, 0, 0.5)},
              {"b", Column(1, 0, 0.5, 1e-3)},
              {"core.0.user", Column(2, 0, 0.5)}};
  return s;
}

std::string TestbedRecord(const std::string& text) {
  const auto column = [](const char* name) {
    return fmt::format(R"({{"name": "{}", "role": "counter", "unit": "1",
 "scope": "system", "scope_id": "", "description": ""}})",
                       name);
  };
  return fmt::format(R"({{"schema": "airlock-testbed-trace", "version": 1,
 "name": "t", "samples": {}, "sha256": "{}", "columns": [{}, {}, {}]}})",
                     kRows, Sha256(text), column("a"), column("b"),
                     column("c"));
}

Specimen TestbedSpecimen() {
  Specimen s;
  s.label = "testbed";
  s.format = "testbed";
  s.text =
      "time,a,b,c\n" + Rows(
                           3, [](int r) { return Text(0.25 * r); }, ",", "");
  s.values = {{"a", Column(0, 0, 0.25)},
              {"b", Column(1, 0, 0.25)},
              {"c", Column(2, 0, 0.25)}};
  s.record = TestbedRecord;  // with the sha256 of the broken file
  return s;
}

Specimen DrstSpecimen() {
  Specimen s;
  s.label = "drst";
  s.format = "drst";
  s.text = ",input_rate,output_rate,latency,f_cycles,g_L1-dcache-loads\n" +
           Rows(
               5, [](int r) { return std::to_string(r); }, ",", "");
  s.has_time = true;  // the index must go up
  s.values = {{"offered_rate", Column(0, 0, 1, 1e6)},
              {"delivered_rate", Column(1, 0, 1, 1e6)},
              {"latency_mean", Column(2, 0, 1, 1e-6)},
              {"function.f.cycles", Column(3, 0, 1)},
              {"function.g.L1-dcache-loads", Column(4, 0, 1)}};
  return s;
}

Specimen NfvbenchSpecimen() {
  Specimen s;
  s.label = "nfvbench";
  s.format = "nfvbench";
  s.has_time = false;
  s.text =
      "file,date,frame_size,kind,requested_pps,actual_tx_pps,rx_pps,drop_pct,"
      "time_ms_or_avg_delay_usec\n";
  for (int r = 0; r < kRows; ++r) {
    s.text += fmt::format(
        "d/2t1c_x/csc_3c4n_n.json,2018-12-08 04:26:17,64,ndr_final,{},{},{},{},"
        "{}\n",
        Written(0, r), Written(1, r), Written(2, r), Written(3, r),
        Written(4, r));
  }
  const auto constant = [](double value) {
    return [value](double) { return value; };
  };
  s.values = {{"load_target_packet_rate", Column(0, 0, 1)},
              {"offered_packet_rate", Column(1, 0, 1)},
              {"delivered_packet_rate", Column(2, 0, 1)},
              {"loss_ratio", Column(3, 0, 1, 0.01)},
              {"latency_mean", Column(4, 0, 1, 1e-6)},
              {"packet_size", constant(64)},
              {"packet_size_mixed", constant(0)},
              {"chains", constant(3)},
              {"functions", constant(4)},
              {"switch_threads", constant(2)},
              {"switch_cores", constant(1)},
              {"final", constant(1)},
              {"trial_time", constant(NAN)},
              {"chain_kind.csc", constant(1)}};
  return s;
}

constexpr double kPcmStart = 1709631050;  // 2024-03-05 09:30:50

// Date and time of row `r`; rows are half a second apart.
std::string HalfSecond(int r, const std::string& separator) {
  return fmt::format("2024-03-05{}09:30:{}.{}00", separator, 50 + r / 2,
                     r % 2 == 0 ? 0 : 5);
}

Specimen PcmSpecimen(bool repeated, char separator) {
  Specimen s;
  s.label =
      fmt::format("pcm {} '{}'", repeated ? "repeated" : "once", separator);
  s.format = "pcm";
  s.separator = separator;
  s.header_lines = 2;
  s.ends_lines = false;  // the trailing separator does
  const std::string x(1, separator);
  const std::string groups =
      repeated ? "System,System,System,Socket 0,Socket 0,Core7 (Socket 0),\n"
               : "System,,,Socket 0,,Core7 (Socket 0),\n";
  s.text = groups + "Date,Time,EXEC,L3MISS,READ,IPC,\n";
  for (char& c : s.text) {
    if (c == ',') c = separator;
  }
  s.text += Rows(
      4, [&](int r) { return HalfSecond(r, x); }, x, x);
  s.values = {{"system.exec", Column(0, kPcmStart, 0.5)},
              {"socket.0.l3miss", Column(1, kPcmStart, 0.5, 1e6)},
              {"socket.0.read", Column(2, kPcmStart, 0.5, 1e9)},
              {"core.7.ipc", Column(3, kPcmStart, 0.5)}};
  return s;
}

Specimen PcmMemorySpecimen() {
  Specimen s;
  s.label = "pcm-memory";
  s.format = "pcm";
  s.header_lines = 2;
  s.text =
      ",,SKT0,SKT0,SKT1,System\n"
      "Date,Time,Ch0Read,Mem Read (MB/s),Ch0Read,Memory\n" +
      Rows(
          4, [](int r) { return HalfSecond(r, ","); }, ",", "");
  s.text.replace(s.text.find("Memory"), 6, "Memory (MB/s)");
  s.values = {{"socket.0.ch0read", Column(0, kPcmStart, 0.5, 1e6)},
              {"socket.0.mem_read", Column(1, kPcmStart, 0.5, 1e6)},
              {"socket.1.ch0read", Column(2, kPcmStart, 0.5, 1e6)},
              {"system.memory", Column(3, kPcmStart, 0.5, 1e6)}};
  return s;
}

Specimen PciSpecimen() {
  Specimen s;
  s.label = "pcm-pcie";
  s.format = "pcm";
  for (int r = 0; r < kRows; ++r) {
    s.text += "Date,Time,Skt,ItoM,WiL\n";
    for (int row = 0; row < 4; ++row) {
      s.text += fmt::format("{},{},{},{}{}\n", HalfSecond(r, ","), row / 2,
                            Written(2 * row, r), Written(2 * row + 1, r),
                            row % 2 == 0 ? "(Total)" : "(Miss)");
    }
  }
  int c = 0;
  for (const char* const socket : {"0", "1"}) {
    for (const char* const filter : {"total", "miss"}) {
      for (const char* const event : {"itom", "wil"}) {
        s.values[fmt::format("socket.{}.pcie_{}_{}", socket, event, filter)] =
            Column(c++, kPcmStart, 0.5);
      }
    }
  }
  return s;
}

Specimen PerfSpecimen(const char* label, const std::vector<std::string>& ids,
                      const std::vector<std::string>& names, char separator) {
  Specimen s;
  s.label = label;
  s.format = "perf";
  s.separator = separator;
  s.header_lines = 0;
  const std::string x(1, separator);
  for (int r = 0; r < kRows; ++r) {
    for (size_t i = 0; i < ids.size(); ++i) {
      for (int event = 0; event < 2; ++event) {
        const int c = static_cast<int>(2 * i) + event;
        s.text += fmt::format("{1:.9f}{0}{2}{3}{0}{4}{0}{5}{0}123456{0}100.00",
                              x, 0.5 * (r + 1), ids[i], Written(c, r),
                              event == 0 ? "msec" : "",
                              event == 0 ? "cpu-clock" : "cycles") +
                  x + "1.5" + x + "GHz\n";
      }
    }
  }
  for (size_t i = 0; i < names.size(); ++i) {
    s.values[names[i] + ".cpu-clock"] =
        Column(static_cast<int>(2 * i), 0.5, 0.5, 1e-3);
    s.values[names[i] + ".cycles"] =
        Column(static_cast<int>(2 * i) + 1, 0.5, 0.5);
  }
  return s;
}

// Shares of the interval do not depend on the row, so each AP and counter has
// its own: busy 0.5, 0.6; receive 0.2, 0.3; transmit 0.04, 0.05.
std::map<std::string, std::function<double(double)>> SurveyValues(
    const std::vector<std::string>& ids) {
  std::map<std::string, std::function<double(double)>> values;
  for (size_t i = 0; i < ids.size(); ++i) {
    const double k = static_cast<double>(i);
    const std::string ap = "ap." + ids[i] + ".";
    values[ap + "airtime_busy"] = [k](double) { return 0.5 + 0.1 * k; };
    values[ap + "airtime_receive"] = [k](double) { return 0.2 + 0.1 * k; };
    values[ap + "airtime_transmit"] = [k](double) { return 0.04 + 0.01 * k; };
    values[ap + "noise"] = [k](double) { return -95 - k; };
    values[ap + "frequency"] = [k](double) { return (5180 + 20 * k) * 1e6; };
  }
  return values;
}

Specimen SurveyCsvSpecimen() {
  Specimen s;
  s.label = "survey csv";
  s.format = "survey";
  s.has_time = false;  // order is restored, so reversing rows is no error
  s.text = "timestamp,freq,noise,cat,cbt,crt,ctt,id\n";
  for (int r = 0; r < kRows; ++r) {
    for (int i = 0; i < 2; ++i) {
      s.text += fmt::format(
          "{},{},{},{},{},{},{},ap{}\n", 1548780468 + 2 * r, 5180 + 20 * i,
          -95 - i, 5000 + 2000 * r, 4000 + (1000 + 200 * i) * r,
          3000 + (400 + 200 * i) * r, 2500 + (80 + 20 * i) * r, i + 1);
    }
  }
  s.values = SurveyValues({"ap1", "ap2"});
  return s;
}

Specimen SurveyTextSpecimen() {
  Specimen s;
  s.label = "survey text";
  s.format = "survey";
  s.separator = ':';
  s.header_lines = 0;
  for (int r = 0; r < kRows; ++r) {
    s.text += fmt::format("{}\n", 1548780468 + 2 * r);
    s.text += fmt::format(
        "Survey data from wlan0\n\tfrequency:\t5180 MHz [in use]\n"
        "\tnoise:\t-95 dBm\n\tchannel active time:\t{} ms\n"
        "\tchannel busy time:\t{} ms\n\tchannel receive time:\t{} ms\n"
        "\tchannel transmit time:\t{} ms\n",
        5000 + 2000 * r, 4000 + 1000 * r, 3000 + 400 * r, 2500 + 80 * r);
  }
  s.values = SurveyValues({"wlan0"});
  return s;
}

std::vector<Specimen> AllSpecimens() {
  return {
      CsvSpecimen(),
      TestbedSpecimen(),
      DrstSpecimen(),
      NfvbenchSpecimen(),
      PcmSpecimen(true, ','),
      PcmSpecimen(true, ';'),
      PcmSpecimen(false, ','),
      PcmSpecimen(false, ';'),
      PcmMemorySpecimen(),
      PciSpecimen(),
      PerfSpecimen("perf", {""}, {"system"}, ','),
      PerfSpecimen("perf -A", {"CPU0;", "CPU1;"}, {"core.0", "core.1"}, ';'),
      PerfSpecimen("perf --per-socket", {"S0,2,", "S1,2,"},
                   {"socket.0", "socket.1"}, ','),
      SurveyCsvSpecimen(),
      SurveyTextSpecimen()};
}

// --- breaking ---------------------------------------------------------------

using Lines = std::vector<std::string>;

Lines SplitLines(const std::string& text, char at = '\n') {
  Lines lines;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find(at, begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (at != '\n' && !text.empty() && text.back() == at) lines.emplace_back();
  return lines;
}

std::string Join(const Lines& parts, char with, bool at_end) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    text += parts[i];
    if (at_end || i + 1 < parts.size()) text += with;
  }
  return text;
}

// Changes the cells of one line by `change`.
std::string ChangeCells(const Specimen& s, size_t line,
                        const std::function<void(Lines*)>& change) {
  Lines lines = SplitLines(s.text);
  Lines cells = SplitLines(lines[line], s.separator);
  change(&cells);
  lines[line] = Join(cells, s.separator, false);
  return Join(lines, '\n', true);
}

std::string Everywhere(std::string text, const std::string& from,
                       const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

enum class Must {
  kFail,     // an InputError
  kEqual,    // import with every value in its place
  kEither,   // one of the two
  kMayLack,  // one of the two; values may be missing
};

class Breaker {
 public:
  explicit Breaker(const Specimen& specimen) : specimen_(specimen) {}

  // Imports `text` in place of the specimen's and checks the rule.
  void Check(const std::string& text, const std::string& what, Must must);
  int failures() const { return failures_; }
  int imports() const { return imports_; }

 private:
  void CheckValues(const Trace& trace, const std::string& what, bool may_lack);

  const Specimen& specimen_;
  const testing::TemporaryFolder folder_;
  int failures_ = 0;
  int imports_ = 0;
};

void Breaker::Check(const std::string& text, const std::string& what,
                    Must must) {
  const std::string name = specimen_.label + ": " + what;
  const std::string path = folder_ / "f.csv";
  testing::WriteText(path, text);
  if (specimen_.record) {
    testing::WriteText(folder_ / "f.json", specimen_.record(text));
  }
  try {
    const Trace trace = ImportTrace(specimen_.format, path);
    ++imports_;
    EXPECT_NE(must, Must::kFail) << name << ": imported";
    CheckValues(trace, name, must == Must::kMayLack);
  } catch (const InputError& error) {
    ++failures_;
    const std::string message = error.what();
    EXPECT_NE(must, Must::kEqual) << name << ": " << message;
    EXPECT_EQ(message.rfind(folder_.path(), 0), 0u) << name << ": " << message;
    EXPECT_NE(message.find("error: "), std::string::npos) << name;
    EXPECT_LT(message.size(), 600u) << name << ": " << message;
  }
}

void Breaker::CheckValues(const Trace& trace, const std::string& what,
                          bool may_lack) {
  const std::string zero_text = trace.Attribute("time_zero");
  const double zero =
      zero_text.empty() ? 0 : std::strtod(zero_text.c_str(), nullptr);
  for (const airlock::Column& column : trace.columns) {
    const auto expected = specimen_.values.find(column.name);
    if (expected == specimen_.values.end()) {
      ADD_FAILURE() << what << ": unexpected column '" << column.name << "'";
      continue;
    }
    const bool is_share = column.name.find(".airtime_") != std::string::npos;
    for (size_t i = 0; i < column.values.size(); ++i) {
      const double value = column.values[i];
      const double right = expected->second(zero + trace.time_seconds[i]);
      if (std::isnan(value) &&
          (may_lack || std::isnan(right) || (is_share && i == 0))) {
        continue;
      }
      EXPECT_NEAR(value, right, 1e-9 * std::abs(right))
          << what << ": column '" << column.name << "', sample " << i;
    }
  }
}

class Mutation : public ::testing::TestWithParam<int> {
 protected:
  const Specimen specimen_ = AllSpecimens()[GetParam()];
  Breaker breaker_{specimen_};
  // A line that is no header and has all its cells.
  size_t ALine(RngStream* random) const {
    const size_t lines = SplitLines(specimen_.text).size();
    const size_t first = static_cast<size_t>(specimen_.header_lines);
    return first + random->UniformInt(lines - first);
  }
  bool is_text() const { return specimen_.label == "survey text"; }
};

TEST_P(Mutation, TheSpecimenItselfImports) {
  breaker_.Check(specimen_.text, "untouched", Must::kEqual);
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "f.csv", specimen_.text);
  if (specimen_.record) {
    testing::WriteText(folder / "f.json", specimen_.record(specimen_.text));
  }
  const Trace trace = ImportTrace(specimen_.format, folder / "f.csv");
  EXPECT_EQ(trace.samples(), kRows);
  EXPECT_EQ(trace.columns.size(), specimen_.values.size());
}

TEST_P(Mutation, CutAtEveryThirdByte) {
  for (size_t bytes = 0; bytes < specimen_.text.size(); bytes += 3) {
    const std::string cut = specimen_.text.substr(0, bytes);
    const bool whole_line = bytes > 0 && cut.back() == '\n';
    const bool whole_row =
        !specimen_.ends_lines && bytes > 0 && cut.back() == specimen_.separator;
    breaker_.Check(cut, fmt::format("cut after {} bytes", bytes),
                   whole_line || whole_row ? Must::kMayLack : Must::kFail);
  }
}

TEST_P(Mutation, CellDeletedOrAdded) {
  RngStream random(1);
  const size_t lines = SplitLines(specimen_.text).size();
  for (size_t line = 0; line < std::min<size_t>(lines, 12); ++line) {
    const size_t cells =
        SplitLines(SplitLines(specimen_.text)[line], specimen_.separator)
            .size();
    for (size_t cell = 0; cell < cells; ++cell) {
      const std::string where = fmt::format("line {} cell {}", line, cell);
      breaker_.Check(ChangeCells(specimen_, line,
                                 [&](Lines* parts) {
                                   parts->erase(parts->begin() + cell);
                                 }),
                     where + " deleted", Must::kMayLack);
      for (const char* const added : {"", "7", "x"}) {
        breaker_.Check(
            ChangeCells(specimen_, line,
                        [&](Lines* parts) {
                          parts->insert(parts->begin() + cell, added);
                        }),
            where + " before it added '" + added + "'", Must::kMayLack);
      }
    }
  }
}

TEST_P(Mutation, CellDeletedOrAddedInAllRows) {
  for (const bool remove : {true, false}) {
    for (size_t cell = 0; cell < 4; ++cell) {
      Lines lines = SplitLines(specimen_.text);
      for (size_t i = static_cast<size_t>(specimen_.header_lines);
           i < lines.size(); ++i) {
        Lines cells = SplitLines(lines[i], specimen_.separator);
        if (cell >= cells.size()) continue;
        if (remove) {
          cells.erase(cells.begin() + cell);
        } else {
          cells.insert(cells.begin() + cell, "5");
        }
        lines[i] = Join(cells, specimen_.separator, false);
      }
      breaker_.Check(Join(lines, '\n', true),
                     fmt::format("cell {} {} in all rows", cell,
                                 remove ? "deleted" : "added"),
                     Must::kMayLack);
    }
  }
}

TEST_P(Mutation, OneSeparatorChanged) {
  RngStream random(2);
  for (int trial = 0; trial < 60; ++trial) {
    std::vector<size_t> places;
    for (size_t i = 0; i < specimen_.text.size(); ++i) {
      if (specimen_.text[i] == specimen_.separator) places.push_back(i);
    }
    std::string text = specimen_.text;
    const size_t at = places[random.UniformInt(places.size())];
    const char other = ",;\t |."[random.UniformInt(6)];
    if (other == specimen_.separator) continue;
    text[at] = other;
    breaker_.Check(text, fmt::format("byte {} became '{}'", at, other),
                   Must::kMayLack);
  }
}

TEST_P(Mutation, AllSeparatorsChanged) {
  for (const char other : std::string(",;\t|")) {
    if (is_text() || other == specimen_.separator) continue;
    // A cell of theirs may hold the other separator already.
    if (specimen_.text.find(other) != std::string::npos) continue;
    breaker_.Check(
        Everywhere(specimen_.text, std::string(1, specimen_.separator),
                   std::string(1, other)),
        fmt::format("all separators '{}'", other), Must::kEither);
  }
}

TEST_P(Mutation, BytesThatAreNoText) {
  RngStream random(3);
  for (int trial = 0; trial < 40; ++trial) {
    const size_t at = random.UniformInt(specimen_.text.size());
    for (const std::string& bytes :
         {std::string(1, '\0'), std::string("\xFF"), std::string("\xC3"),
          std::string("\xED\xA0\x80")}) {
      std::string text = specimen_.text;
      breaker_.Check(text.insert(at, bytes),
                     fmt::format("no text at byte {}", at), Must::kFail);
    }
  }
  breaker_.Check(std::string(100, '\0'), "only NUL", Must::kFail);
}

TEST_P(Mutation, LineEndsAndByteOrderMarkDoNotMatter) {
  breaker_.Check(Everywhere(specimen_.text, "\n", "\r\n"), "CRLF",
                 Must::kEqual);
  breaker_.Check("\xEF\xBB\xBF" + specimen_.text, "byte order mark",
                 Must::kEqual);
  Lines lines = SplitLines(specimen_.text);
  lines[lines.size() / 2] += "\r";
  breaker_.Check(Join(lines, '\n', true), "one CRLF", Must::kEqual);
  breaker_.Check(specimen_.text + "\n\n", "blank lines at the end",
                 Must::kEqual);
  breaker_.Check(Everywhere(specimen_.text, "\n", "\r"), "CR alone",
                 Must::kFail);
}

TEST_P(Mutation, ValuesThatAreNoMeasurement) {
  RngStream random(4);
  const std::vector<std::string> broken = {
      "1e999", "-1e308", "inf", "-inf", "12a3", "0x1F", "1,5",   "\"1\"2",
      "--1",   "1 2",    "\"",  "#",    "1e",   ".",    "nan(1)"};
  const std::vector<std::string> missing = {"",     "NaN", "nan",
                                            "-nan", "N/A", " "};
  for (int trial = 0; trial < 60; ++trial) {
    const size_t line = ALine(&random);
    const Lines cells =
        SplitLines(SplitLines(specimen_.text)[line], specimen_.separator);
    const size_t cell = random.UniformInt(cells.size());
    const auto put = [&](const std::string& value) {
      return ChangeCells(specimen_, line,
                         [&](Lines* parts) { (*parts)[cell] = value; });
    };
    const std::string where = fmt::format("line {} cell {}: ", line, cell);
    const std::string& bad = broken[random.UniformInt(broken.size())];
    const std::string& gone = missing[random.UniformInt(missing.size())];
    breaker_.Check(put(gone), where + gone, Must::kMayLack);
    // Names, units and further cells may hold anything; values may not.
    if (!cells[cell].empty() && cells[cell].find(".25") != std::string::npos) {
      const bool infinite = bad == "inf" || bad == "-inf";
      breaker_.Check(put(bad), where + bad,
                     infinite ? Must::kMayLack : Must::kFail);
    }
  }
}

TEST_P(Mutation, TimeThatDoesNotAdvance) {
  if (!specimen_.has_time) GTEST_SKIP() << "rows have no order in time";
  Lines lines = SplitLines(specimen_.text);
  const size_t first = static_cast<size_t>(specimen_.header_lines);
  Lines reversed = lines;
  std::reverse(reversed.begin() + first, reversed.end());
  breaker_.Check(Join(reversed, '\n', true), "reversed", Must::kFail);
  Lines twice = lines;
  const size_t middle = first + (lines.size() - first) / 2 + 1;
  twice.insert(twice.begin() + middle, twice[middle]);
  breaker_.Check(Join(twice, '\n', true), "a row twice",
                 is_text() ? Must::kEither : Must::kFail);
  Lines all_twice = lines;
  all_twice.insert(all_twice.end(), lines.begin() + first, lines.end());
  // The chain's index may start again at 0: the next experiment.
  if (specimen_.format != "drst") {
    breaker_.Check(Join(all_twice, '\n', true), "all rows twice", Must::kFail);
  }
}

TEST_P(Mutation, NothingOrSomethingElse) {
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string("\n\n\r\n"),
        std::string(","), std::string(",\n"), std::string("\"\n"),
        std::string("a\n"), std::string(2000, ','),
        std::string("\xFD"
                    "7zXZ\0",
                    6),
        std::string("\x1F\x8B\x08"), std::string("{}\n"),
        std::string("\xEF\xBB\xBF")}) {
    breaker_.Check(text, "not a trace: " + text.substr(0, 10), Must::kFail);
  }
  Lines lines = SplitLines(specimen_.text);
  if (specimen_.header_lines > 0) {
    lines.resize(static_cast<size_t>(specimen_.header_lines));
    breaker_.Check(Join(lines, '\n', true), "header only", Must::kFail);
  }
}

TEST_P(Mutation, RandomBytesNeverCrash) {
  RngStream random(5);
  for (int trial = 0; trial < 200; ++trial) {
    std::string text = specimen_.text;
    const uint64_t changes = 1 + random.UniformInt(4);
    for (uint64_t i = 0; i < changes; ++i) {
      const size_t at = random.UniformInt(text.size());
      const char byte = static_cast<char>(random.UniformInt(128));
      switch (random.UniformInt(3)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.erase(at, 1 + random.UniformInt(5));
          break;
        default:
          text.insert(at, 1, byte);
          break;
      }
    }
    // A changed digit is a changed value: only that nothing else than an
    // InputError leaves the importer is checked here.
    const testing::TemporaryFolder folder;
    testing::WriteText(folder / "f.csv", text);
    if (specimen_.record) {
      testing::WriteText(folder / "f.json", specimen_.record(text));
    }
    try {
      const Trace trace = ImportTrace(specimen_.format, folder / "f.csv");
      for (const airlock::Column& column : trace.columns) {
        for (const double value : column.values) {
          EXPECT_FALSE(std::isinf(value)) << specimen_.label;
        }
      }
    } catch (const InputError&) {
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, Mutation,
    ::testing::Range(0, static_cast<int>(AllSpecimens().size())),
    [](const auto& info) {
      std::string name = AllSpecimens()[info.param].label;
      for (char& c : name) {
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
      }
      return fmt::format("{}_{}", name, info.param);
    });

}  // namespace
}  // namespace airlock
