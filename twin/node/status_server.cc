#include "twin/node/status_server.h"

#include <httplib.h>

#include <cstring>
#include <mutex>
#include <thread>

#include "sim/base/error.h"
#include "twin/node/metrics.h"

namespace airlock {

struct StatusServer::Listener {
  httplib::Server server;
  int port = -1;
  std::mutex mutex;
  StatusPages pages;
  std::thread thread;

  StatusPages Pages() {
    const std::lock_guard<std::mutex> lock(mutex);
    return pages;
  }
};

StatusServer::StatusServer(const MetricsConfig& config)
    : listener_(std::make_unique<Listener>()) {
  Listener& listener = *listener_;
  httplib::Server& server = listener.server;
  // The library's default shares a port among programs.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.new_task_queue = [] { return new httplib::ThreadPool(2); };
  // A page a connection: few threads, and a client that stays must not hold
  // one.
  server.set_keep_alive_max_count(1);
  server.set_read_timeout(2);
  server.set_write_timeout(2);
  server.set_payload_max_length(1024);
  server.set_tcp_nodelay(true);
  server.Get("/metrics", [&listener](const httplib::Request&,
                                     httplib::Response& answer) {
    answer.set_content(listener.Pages().metrics, MetricsPage::kContentType);
  });
  server.Get("/health",
             [&listener](const httplib::Request&, httplib::Response& answer) {
               const StatusPages pages = listener.Pages();
               answer.status = pages.healthy ? 200 : 503;
               answer.set_content(pages.health, "application/json");
             });
  const auto port = static_cast<int>(config.port);
  errno = 0;
  if (port == 0) {
    listener.port = server.bind_to_any_port(config.address);
  } else if (server.bind_to_port(config.address, port)) {
    listener.port = port;
  }
  if (listener.port < 0) {
    throw Error(fmt::format(
        "cannot listen on {}:{}: {}; `metrics.port` names another port, 0 any "
        "free one",
        config.address, config.port,
        errno != 0 ? std::strerror(errno) : "not an address of this host"));
  }
  listener.thread = std::thread([&server] { server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::yield();
}

StatusServer::~StatusServer() {
  listener_->server.stop();
  listener_->thread.join();
}

void StatusServer::Publish(StatusPages pages) {
  const std::lock_guard<std::mutex> lock(listener_->mutex);
  listener_->pages = std::move(pages);
}

int StatusServer::port() const { return listener_->port; }

}  // namespace airlock
