#include "twin/node/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace airlock {

std::string UtcNow() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:03}Z", text, now.tv_nsec / 1000000);
}

void Log(LogLevel level, const std::string& event,
         const nlohmann::json& fields) noexcept {
  try {
    nlohmann::ordered_json line;
    line["time"] = UtcNow();
    line["level"] = level == LogLevel::kInfo      ? "info"
                    : level == LogLevel::kWarning ? "warning"
                                                  : "error";
    line["event"] = event;
    for (const auto& [key, value] : fields.items()) line[key] = value;
    const std::string text =
        line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
        "\n";
    // One call, so that lines of several threads do not mix.
    for (size_t done = 0; done < text.size();) {
      const ssize_t n =
          write(STDERR_FILENO, text.data() + done, text.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      done += static_cast<size_t>(n);
    }
  } catch (...) {
  }
}

}  // namespace airlock
