#include "calibration/traces/csv_columns.h"

#include <fmt/format.h>

#include "calibration/traces/text_file.h"
#include "sim/base/diagnostics.h"

namespace airlock {

std::vector<size_t> FindCsvColumns(const CsvReader& reader,
                                   const std::vector<CsvCell>& header,
                                   const std::vector<std::string>& names) {
  std::vector<std::string> present;
  for (const CsvCell& cell : header) present.emplace_back(cell.text);
  std::vector<size_t> found;
  for (const std::string& name : names) {
    size_t at = header.size();
    for (size_t c = 0; c < header.size(); ++c) {
      if (present[c] != name) continue;
      if (at < header.size()) {
        reader.Fail(header[c].column,
                    fmt::format("a second column is named '{}'", name));
      }
      at = c;
    }
    if (at == header.size()) {
      const std::string nearest = NearestName(name, present);
      reader.Fail(0, fmt::format("no column is named '{}'{}", name,
                                 nearest.empty() ? ""
                                                 : "; there is a column " +
                                                       Quoted(nearest)));
    }
    found.push_back(at);
  }
  return found;
}

}  // namespace airlock
