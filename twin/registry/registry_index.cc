#include "twin/registry/registry_index.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <filesystem>
#include <memory>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "twin/registry/registry_record.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Rises when the tables change: an index of another one is made anew.
constexpr int kSchema = 1;

constexpr char kTables[] = R"(
CREATE TABLE registry (schema INTEGER, sequence INTEGER, history_tail TEXT,
                       pause TEXT);
CREATE TABLE versions (number INTEGER PRIMARY KEY, digest TEXT UNIQUE,
                       name TEXT, files INTEGER, first_seen TEXT,
                       promotions INTEGER);
CREATE TABLE aliases (alias TEXT PRIMARY KEY, version INTEGER, receipt TEXT);
CREATE TABLE receipts (digest TEXT PRIMARY KEY, version INTEGER, gate TEXT,
                       verdict TEXT, key_id TEXT, counts INTEGER, "when" TEXT,
                       who TEXT, airlock_version TEXT, airlock_commit TEXT);
CREATE TABLE criteria (receipt TEXT, position INTEGER, kind TEXT, label TEXT,
                       outcome TEXT, estimate REAL, low REAL, high REAL,
                       "limit" REAL, unit TEXT, confidence REAL, p_value REAL,
                       e_value REAL, power REAL, n INTEGER, needed INTEGER,
                       reason TEXT);
CREATE TABLE bound_files (receipt TEXT, role TEXT, path TEXT, sha256 TEXT);
CREATE TABLE history (number INTEGER PRIMARY KEY, action TEXT, "when" TEXT,
                      who TEXT, why TEXT, version INTEGER, receipt TEXT,
                      hash TEXT);
CREATE TABLE keys (id TEXT PRIMARY KEY, trusted INTEGER);
)";

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

struct FinishStatement {
  void operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
  }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinishStatement>;

[[noreturn]] void Fail(sqlite3* database, const std::string& what) {
  throw Error(fmt::format("{}: {}", what, sqlite3_errmsg(database)));
}

// Throws Error, and closes, if it cannot be opened.
Database Open(const std::string& path, int flags) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  Database database(opened);
  if (code != SQLITE_OK) Fail(opened, "cannot open " + path);
  return database;
}

void Execute(sqlite3* database, const char* sql) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    Fail(database, "cannot make the index");
  }
}

// What a column is bound to: text, number or nothing.
void Bind(sqlite3_stmt* statement, int position, const json& value) {
  if (value.is_string()) {
    const auto text = value.get<std::string>();
    sqlite3_bind_text(statement, position, text.c_str(),
                      static_cast<int>(text.size()), SQLITE_TRANSIENT);
  } else if (value.is_boolean()) {
    sqlite3_bind_int64(statement, position, value.get<bool>() ? 1 : 0);
  } else if (value.is_number_integer()) {
    sqlite3_bind_int64(statement, position, value.get<int64_t>());
  } else if (value.is_number()) {
    sqlite3_bind_double(statement, position, value.get<double>());
  } else {
    sqlite3_bind_null(statement, position);
  }
}

void Insert(sqlite3* database, const char* table, const json& values) {
  std::string marks;
  for (size_t i = 0; i < values.size(); ++i) marks += i == 0 ? "?" : ",?";
  const std::string sql =
      fmt::format("INSERT INTO {} VALUES ({})", table, marks);
  sqlite3_stmt* prepared = nullptr;
  const int code =
      sqlite3_prepare_v2(database, sql.c_str(), -1, &prepared, nullptr);
  const Statement statement(prepared);
  if (code != SQLITE_OK) Fail(database, "cannot make the index");
  for (size_t i = 0; i < values.size(); ++i) {
    Bind(prepared, static_cast<int>(i) + 1, values[i]);
  }
  if (sqlite3_step(prepared) != SQLITE_DONE) {
    Fail(database, "cannot make the index");
  }
}

// The gate's criteria, whose fields a gate may leave out.
void InsertCriteria(sqlite3* database, const ReceiptRecord& record) {
  int64_t position = 0;
  for (const json& row : record.summary.at("criteria")) {
    json values = {record.receipt.digest, position++};
    for (const char* key : {"kind", "label", "outcome", "estimate", "low",
                            "high", "limit", "unit", "confidence", "p_value",
                            "e_value", "power", "n", "needed", "reason"}) {
      values.push_back(row.value(key, json()));
    }
    Insert(database, "criteria", values);
  }
}

void InsertVersion(sqlite3* database, const VersionRecord& version) {
  int64_t promotions = 0;
  for (const HistoryEntry& entry : version.history) {
    promotions += entry.action == "promote";
  }
  Insert(
      database, "versions",
      {version.number, version.version.digest, version.version.name,
       version.version.files.size(), version.history.front().when, promotions});
  for (const ReceiptRecord& record : version.receipts) {
    const Receipt& receipt = record.receipt;
    Insert(database, "receipts",
           {receipt.digest, version.number,
            record.summary.value("gate", json()), record.summary.at("verdict"),
            receipt.key_id, record.counts, record.when, record.who,
            receipt.airlock_version, receipt.airlock_commit});
    InsertCriteria(database, record);
    for (const BoundFile& file : receipt.bound) {
      Insert(database, "bound_files",
             {receipt.digest, file.role, file.path, file.sha256});
    }
  }
}

json NumberOf(const RegistryRecord& record, const std::string& digest) {
  for (const VersionRecord& version : record.versions) {
    if (version.version.digest == digest) return version.number;
  }
  return nullptr;
}

void InsertKeys(sqlite3* database, const RegistryRecord& record) {
  std::map<std::string, bool> trusted;
  for (const HistoryEntry& entry : record.history) {
    for (const PublicKey& key : entry.keys) trusted[key.id()] = false;
  }
  for (const PublicKey& key : record.state.trusted) trusted[key.id()] = true;
  for (const auto& [id, is_trusted] : trusted) {
    Insert(database, "keys", {id, is_trusted});
  }
}

void Fill(sqlite3* database, const RegistryRecord& record) {
  Execute(database, "BEGIN");
  Execute(database, kTables);
  for (const VersionRecord& version : record.versions) {
    InsertVersion(database, version);
  }
  for (const auto& [alias, target] :
       {std::pair("champion", record.state.champion),
        std::pair("previous", record.state.previous),
        std::pair("candidate", record.state.candidate)}) {
    if (target.empty()) continue;
    Insert(database, "aliases",
           {alias, NumberOf(record, target.model), target.receipt});
  }
  for (const HistoryEntry& entry : record.history) {
    Insert(database, "history",
           {entry.number, entry.action, entry.when, entry.who, entry.why,
            NumberOf(record, entry.model_digest),
            entry.receipt_digest.empty() ? json() : json(entry.receipt_digest),
            entry.hash});
  }
  InsertKeys(database, record);
  Insert(database, "registry",
         {kSchema, record.state.sequence, record.state.history_tail,
          ToString(record.state.pause)});
  Execute(database, "COMMIT");
}

// What the SELECT in `sql` gives; `whose` begins the message of an error.
QueryResult Select(sqlite3* database, const std::string& sql,
                   const std::string& whose) {
  const auto fail = [&](const std::string& why) {
    throw InputError(fmt::format("{}: {}", whose, why));
  };
  sqlite3_stmt* prepared = nullptr;
  const char* rest = nullptr;
  const int code =
      sqlite3_prepare_v2(database, sql.c_str(), -1, &prepared, &rest);
  const Statement statement(prepared);
  if (code == SQLITE_AUTH) fail("only what reads is allowed: one SELECT");
  if (code != SQLITE_OK) fail(sqlite3_errmsg(database));
  if (prepared == nullptr) fail("no statement; write one SELECT");
  if (std::string(rest).find_first_not_of(" \t\r\n;") != std::string::npos) {
    fail("more than one statement; write one SELECT");
  }
  QueryResult result;
  const int columns = sqlite3_column_count(prepared);
  for (int i = 0; i < columns; ++i) {
    result.columns.emplace_back(sqlite3_column_name(prepared, i));
  }
  int step = 0;
  while ((step = sqlite3_step(prepared)) == SQLITE_ROW) {
    std::vector<json> row;
    for (int i = 0; i < columns; ++i) {
      switch (sqlite3_column_type(prepared, i)) {
        case SQLITE_INTEGER:
          row.emplace_back(sqlite3_column_int64(prepared, i));
          break;
        case SQLITE_FLOAT:
          row.emplace_back(sqlite3_column_double(prepared, i));
          break;
        case SQLITE_NULL:
          row.emplace_back(nullptr);
          break;
        default:
          row.emplace_back(
              reinterpret_cast<const char*>(sqlite3_column_text(prepared, i)));
      }
    }
    result.rows.push_back(std::move(row));
  }
  if (step != SQLITE_DONE) fail(sqlite3_errmsg(database));
  return result;
}

// Whether the file is an index of this state of the registry.
bool IsOf(const std::string& path, const RegistryState& state) {
  if (!fs::exists(path)) return false;
  try {
    const Database database = Open(path, SQLITE_OPEN_READONLY);
    const QueryResult found =
        Select(database.get(),
               "SELECT schema, sequence, history_tail FROM registry", path);
    return found.rows.size() == 1 && found.rows[0][0] == kSchema &&
           found.rows[0][1] == state.sequence &&
           found.rows[0][2] == state.history_tail;
  } catch (const Error&) {
    return false;  // damaged, or of other tables
  }
}

// Lets a statement read, and nothing else.
int Authorise(void*, int action, const char*, const char*, const char*,
              const char*) {
  const bool reads = action == SQLITE_SELECT || action == SQLITE_READ ||
                     action == SQLITE_FUNCTION || action == SQLITE_RECURSIVE;
  return reads ? SQLITE_OK : SQLITE_DENY;
}

// An index of the registry as it is, on disk if that can be written.
Database IndexOf(const std::string& folder) {
  const std::string path = folder + "/index.sqlite";
  const RegistryState state = ReadRegistryState(folder);
  if (IsOf(path, state)) return Open(path, SQLITE_OPEN_READONLY);
  const RegistryRecord record = ReadRegistryRecord(folder);
  constexpr int kNew = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  try {
    WriteAtomically(path, [&](const std::string& temporary) {
      RemoveFile(temporary);
      const Database database = Open(temporary, kNew);
      Execute(database.get(), "PRAGMA journal_mode = OFF");
      Fill(database.get(), record);
    });
    return Open(path, SQLITE_OPEN_READONLY);
  } catch (const Error&) {
    // A folder that cannot be written, or a full disk, is asked all the same.
  }
  Database database = Open(":memory:", kNew);
  Fill(database.get(), record);
  return database;
}

}  // namespace

QueryResult QueryRegistry(const std::string& folder, const std::string& sql) {
  const Database database = IndexOf(folder);
  sqlite3_set_authorizer(database.get(), Authorise, nullptr);
  return Select(database.get(), sql, "the query");
}

}  // namespace airlock
