#include "calibration/traces/testbed_record.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "calibration/traces/column_record.h"

namespace airlock {

using nlohmann::json;

std::string RecordPathOf(const std::string& csv_path) {
  for (const std::string ending : {".csv.xz", ".csv.gz", ".csv"}) {
    if (csv_path.size() > ending.size() &&
        csv_path.compare(csv_path.size() - ending.size(), ending.size(),
                         ending) == 0) {
      return csv_path.substr(0, csv_path.size() - ending.size()) + ".json";
    }
  }
  return "";
}

json ParseRecord(const TextFile& file) {
  try {
    return json::parse(file.text);
  } catch (const json::parse_error& error) {
    const size_t end =
        std::min(error.byte > 0 ? error.byte - 1 : 0, file.text.size());
    const std::string before = file.text.substr(0, end);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const size_t line_start = before.rfind('\n');
    const size_t column =
        line_start == std::string::npos ? end : end - line_start - 1;
    FailAt(file.path, static_cast<int>(line), static_cast<int>(column) + 1,
           "not JSON: " + std::string(error.what()));
  }
}

Column ReadColumn(const json& described, size_t index,
                  const std::string& path) {
  const std::string where = fmt::format("columns[{}]: ", index);
  if (!described.is_object()) FailAt(path, 0, 0, where + "not an object");
  Column column;
  column.name = Member<std::string>(described, "name", path, where);
  column.unit = Member<std::string>(described, "unit", path, where);
  column.scope_id = Member<std::string>(described, "scope_id", path, where);
  column.description =
      Member<std::string>(described, "description", path, where);
  const auto role = Member<std::string>(described, "role", path, where);
  if (!Parse(role, &column.role)) {
    FailAt(path, 0, 0,
           fmt::format("{}role {}; expected input, kpi or counter", where,
                       Quoted(role)));
  }
  const auto scope = Member<std::string>(described, "scope", path, where);
  if (!Parse(scope, &column.scope)) {
    FailAt(path, 0, 0,
           fmt::format("{}scope {}; expected system, core, socket, function or "
                       "interface",
                       where, Quoted(scope)));
  }
  return column;
}

std::vector<Column> ReadColumnRecord(const std::string& path) {
  const json record = ParseRecord(ReadTextFile(path));
  const auto described =
      record.is_object() ? record.find("columns") : record.end();
  if (!record.is_object() || described == record.end() ||
      !described->is_array()) {
    FailAt(path, 0, 0, "is no record of columns: there is no list 'columns'");
  }
  std::vector<Column> columns;
  std::set<std::string> names;
  for (size_t i = 0; i < described->size(); ++i) {
    columns.push_back(ReadColumn((*described)[i], i, path));
    if (!names.insert(columns.back().name).second) {
      FailAt(path, 0, 0,
             fmt::format("columns[{}]: '{}' is there twice", i,
                         columns.back().name));
    }
  }
  return columns;
}

std::string ColumnRecordBeside(const std::string& csv_path) {
  const std::string path = RecordPathOf(csv_path);
  std::error_code ignored;
  if (path.empty() || !std::filesystem::is_regular_file(path, ignored)) {
    return "";
  }
  const json record = json::parse(ReadTextFile(path).text, nullptr, false);
  const bool ours = record.is_object() && record.contains("columns") &&
                    record.contains("schema") &&
                    record["schema"] == kTestbedSchema;
  return ours ? path : "";
}

}  // namespace airlock
