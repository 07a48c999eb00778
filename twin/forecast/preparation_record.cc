#include "twin/forecast/preparation_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr size_t kNamesInText = 6;

// "a, b, c and 12 more"
std::string JoinNames(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < kNamesInText; ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kNamesInText) {
    text += fmt::format(" and {} more", names.size() - kNamesInText);
  }
  return text;
}

// Columns that are listed together.
struct DroppedGroup {
  std::string reason;
  std::vector<std::string> names;
};

// What kind of reason it is, where columns have it each with a number or name
// of their own; else the reason itself.
std::string KindOf(const std::string& reason) {
  const struct {
    const char* beginning;
    const char* kind;
  } kKinds[] = {
      {"constant (", "constant in the training rows"},
      {"a copy of ", "copies of columns that are kept, up to scale and offset"},
      {"wanders off",
       "wander off: what the last third of the training rows "
       "has, the rest has not"}};
  for (const auto& [beginning, kind] : kKinds) {
    if (reason.rfind(beginning, 0) == 0) return kind;
  }
  return reason;
}

// The columns by kind of reason, in the order of the kinds' first. A kind with
// one reason only has that.
std::vector<DroppedGroup> ByKind(const std::vector<DroppedColumn>& dropped) {
  std::vector<DroppedGroup> groups;
  std::vector<std::string> kinds;
  for (const DroppedColumn& column : dropped) {
    const std::string kind = KindOf(column.reason);
    const auto found = std::find(kinds.begin(), kinds.end(), kind);
    const auto index = static_cast<size_t>(found - kinds.begin());
    if (found == kinds.end()) {
      kinds.push_back(kind);
      groups.push_back({column.reason, {}});
    } else if (groups[index].reason != column.reason) {
      groups[index].reason = kind;
    }
    groups[index].names.push_back(column.column);
  }
  return groups;
}

}  // namespace

std::string PreparationRecord::ToText() const {
  std::string text = fmt::format("{} training rows, {} missing values replaced",
                                 training_rows, imputed_values);
  if (clock_offset != 0) {
    text += fmt::format(", counters {:+d} samples", clock_offset);
  }
  text += "\n";
  for (const DroppedRows& group : dropped_rows) {
    text += fmt::format("rows dropped: {}: {}\n", group.rows, group.reason);
  }
  for (const auto& [reason, names] : ByKind(dropped)) {
    text += fmt::format("columns dropped: {}: {}: {}\n", names.size(), reason,
                        JoinNames(names));
  }
  for (const std::string& note : notes) text += "note: " + note + "\n";
  return text;
}

std::string PreparationRecord::ToJson() const {
  json columns = json::array(), rows = json::array();
  for (const DroppedColumn& column : dropped) {
    columns.push_back({{"column", column.column}, {"reason", column.reason}});
  }
  for (const DroppedRows& group : dropped_rows) {
    rows.push_back({{"rows", group.rows}, {"reason", group.reason}});
  }
  return json{{"dropped", columns},
              {"dropped_rows", rows},
              {"rows_without_target", rows_without_target},
              {"training_rows", training_rows},
              {"imputed_values", imputed_values},
              {"clock_offset", clock_offset},
              {"notes", notes}}
      .dump();
}

PreparationRecord PreparationRecord::FromJson(const std::string& text) {
  try {
    const json saved = json::parse(text);
    PreparationRecord record;
    for (const json& column : saved.at("dropped")) {
      record.dropped.push_back({column.at("column").get<std::string>(),
                                column.at("reason").get<std::string>()});
    }
    for (const json& group : saved.at("dropped_rows")) {
      record.dropped_rows.push_back({group.at("reason").get<std::string>(),
                                     group.at("rows").get<int64_t>()});
    }
    record.rows_without_target = saved.at("rows_without_target").get<int64_t>();
    record.training_rows = saved.at("training_rows").get<int64_t>();
    record.imputed_values = saved.at("imputed_values").get<int64_t>();
    record.clock_offset = saved.at("clock_offset").get<int64_t>();
    record.notes = saved.at("notes").get<std::vector<std::string>>();
    return record;
  } catch (const json::exception& e) {
    throw InputError(
        fmt::format("not a record of a preparation: {}", CauseOf(e)));
  }
}

}  // namespace airlock
