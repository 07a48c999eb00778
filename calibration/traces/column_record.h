#pragma once

#include <string>
#include <vector>

#include "sim/telemetry/trace.h"

// What the columns of a CSV are, where its header does not say it: the record
// that the measuring tool of data/testbed writes beside its CSV.
namespace airlock {

// The columns that the JSON file `path` describes in its list `columns`, each
// with name, unit, role, scope, scope_id and description, without values.
// Throws InputError for anything else.
std::vector<Column> ReadColumnRecord(const std::string& path);

// DIR/NAME.json for DIR/NAME.csv (.xz, .gz) if it is a record of the measuring
// tool, else empty.
std::string ColumnRecordBeside(const std::string& csv_path);

}  // namespace airlock
