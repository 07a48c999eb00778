#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace airlock {

// The answer to a query: one row of values a match, in the order of `columns`.
struct QueryResult {
  std::vector<std::string> columns;
  std::vector<std::vector<nlohmann::json>> rows;
};

// Asks a registry in SQL. The tables (FORMAT.md) are an index of its plain
// files, which are the truth: REGISTRY/index.sqlite is made from them whenever
// it is missing, malformed or of another state, and may be removed at any time;
// where the folder cannot be written it is made in memory. The only part of
// twin/registry that uses SQLite; a node does without it.
//
// Takes one SELECT. Throws InputError if the registry is corrupt, or the text
// is not SQL, more than one statement, or would change anything.
QueryResult QueryRegistry(const std::string& folder, const std::string& sql);

}  // namespace airlock
