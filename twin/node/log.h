#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace airlock {

enum class LogLevel { kInfo, kWarning, kError };

// Writes one line of JSON to standard error: time (UTC), level, event, then the
// members of the object `fields`. `event` is a short fixed name that programs
// look for ("fallback", "champion-swapped"). Bytes that are no UTF-8 are
// replaced. Never throws: a log that cannot be written ends no node.
void Log(LogLevel level, const std::string& event,
         const nlohmann::json& fields = nlohmann::json::object()) noexcept;

// "2026-01-31T12:00:00.123Z", now.
std::string UtcNow();

}  // namespace airlock
