#pragma once

#include <memory>
#include <string>

#include "twin/node/node_file.h"

namespace airlock {

// What the node says of itself at one moment.
struct StatusPages {
  std::string metrics;  // MetricsPage
  std::string health;   // a JSON object
  bool healthy = false;
};

// Answers GET /metrics (text) and GET /health (JSON; 200 if healthy, else 503)
// with what was published last, in threads of its own. Anything else is 404.
class StatusServer {
 public:
  // Listens from here on. Throws Error if the address cannot be used: another
  // program listens there, say.
  explicit StatusServer(const MetricsConfig& config);
  ~StatusServer();

  void Publish(StatusPages pages);
  int port() const;

 private:
  struct Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace airlock
