#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <sstream>

#include "sim/base/file.h"
#include "sim/results/hdf5_file.h"
#include "tests/support/small_results.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using airlock::testing::FixedProvenance;
using airlock::testing::SmallRunRecord;
using airlock::testing::SmallTrace;
using airlock::testing::TemporaryFolder;

struct Field {
  std::string type;
  std::string unit;  // empty if the file says none

  bool operator==(const Field& other) const {
    return type == other.type && unit == other.unit;
  }
  friend std::ostream& operator<<(std::ostream& out, const Field& field) {
    return out << field.type << " in '" << field.unit << "'";
  }
};
using Fields = std::map<std::string, Field>;

// The rows of the table below the heading "## `filetype` M.N" in FORMAT.md.
Fields DocumentedFields(const std::string& heading) {
  std::istringstream text(
      ReadFile(std::string(AIRLOCK_SOURCE_DIR) + "/sim/results/FORMAT.md"));
  const std::regex row(R"(\| `(/[^`]*)` \| ([^ |]+) \| ([^|]*)\|.*)");
  Fields fields;
  bool inside = false;
  for (std::string line; std::getline(text, line);) {
    if (line.rfind("## ", 0) == 0) inside = line == "## " + heading;
    std::smatch match;
    if (!inside || !std::regex_match(line, match, row)) continue;
    std::string unit = match[3];
    unit.erase(unit.find_last_not_of(' ') + 1);
    EXPECT_TRUE(fields.emplace(match[1], Field{match[2], unit}).second)
        << match[1];
  }
  return fields;
}

// What a file has, names and numbers replaced by NAME and NUMBER.
Fields WrittenFields(const std::string& path) {
  std::istringstream text(DescribeFile(path));
  Fields fields;
  for (std::string line; std::getline(text, line);) {
    const size_t end = line.find("  ");
    const size_t type_end = line.find("  ", end + 2);
    std::string name = line.substr(0, end);
    std::string type = line.substr(end + 2, type_end - end - 2);
    name = std::regex_replace(name, std::regex("^/series/[0-9]+"),
                              "/series/NUMBER");
    name = std::regex_replace(name, std::regex("(/columns|/metrics)/[^@/]+"),
                              "$1/NAME");
    const bool dataset = name.find('@') == std::string::npos;
    if (dataset) {
      type = std::regex_replace(type, std::regex(R"(\[[0-9]+\])"), "[]");
    }
    fields[name].type = type;
    if (name.size() > 6 && name.substr(name.size() - 6) == "@units") {
      const std::string value = line.substr(type_end + 2);
      std::string& unit = fields[name.substr(0, name.size() - 6)].unit;
      unit = name.find("/NAME@") == std::string::npos
                 ? value.substr(1, value.size() - 2)
                 : "`@units`";
    }
  }
  return fields;
}

std::string Heading(const std::string& path) {
  const FileHeader header = ReadFileHeader(path);
  return fmt::format("{} {}.{}", header.filetype, header.version_major,
                     header.version_minor);
}

TEST(FormatTest, EveryFieldOfATraceIsDocumented) {
  const TemporaryFolder folder;
  WriteTrace(SmallTrace(), folder / "t.h5", FixedProvenance());
  EXPECT_THAT(
      WrittenFields(folder / "t.h5"),
      ::testing::ContainerEq(DocumentedFields(Heading(folder / "t.h5"))));
}

TEST(FormatTest, EveryFieldOfAResultIsDocumented) {
  const TemporaryFolder folder;
  WriteRunRecord(SmallRunRecord(), folder / "r.h5");
  EXPECT_THAT(
      WrittenFields(folder / "r.h5"),
      ::testing::ContainerEq(DocumentedFields(Heading(folder / "r.h5"))));
}

}  // namespace
}  // namespace airlock
