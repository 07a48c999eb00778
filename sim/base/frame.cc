#include "sim/base/frame.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "sim/base/interrupt.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr uint32_t kLargestFrame = 1u << 30;

void WriteAll(int fd, const void* bytes, size_t count) {
  const char* next = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = write(fd, next, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      throw Error(
          fmt::format("cannot write a frame: {}", std::strerror(errno)));
    }
    next += written;
    count -= static_cast<size_t>(written);
  }
}

// Waits until `fd` has something to read, or ends. A signal that comes just
// before the wait does not cut it short, so it is looked for now and then.
void WaitFor(int fd) {
  constexpr int kMilliseconds = 100;
  pollfd waiting = {fd, POLLIN, 0};
  while (poll(&waiting, 1, kMilliseconds) <= 0) ThrowIfInterrupted();
}

// Bytes read: `count`, or fewer at the end of the stream.
size_t ReadAll(int fd, void* bytes, size_t count) {
  char* next = static_cast<char*>(bytes);
  size_t got = 0;
  while (got < count) {
    WaitFor(fd);
    const ssize_t n = read(fd, next + got, count - got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      throw Error(fmt::format("cannot read a frame: {}", std::strerror(errno)));
    }
    if (n == 0) break;
    got += static_cast<size_t>(n);
  }
  return got;
}

}  // namespace

void WriteFrame(int fd, const json& value) {
  const std::vector<uint8_t> body = json::to_cbor(value);
  if (body.size() > kLargestFrame) {
    throw Error(fmt::format(
        "{} MB are too much to hand over at once (at most {} MB); a shorter "
        "run, a longer interval or fewer rows make it less",
        body.size() >> 20, kLargestFrame >> 20));
  }
  const auto size = static_cast<uint32_t>(body.size());
  WriteAll(fd, &size, sizeof size);
  WriteAll(fd, body.data(), body.size());
}

bool ReadFrame(int fd, json* value) {
  uint32_t size = 0;
  const size_t head = ReadAll(fd, &size, sizeof size);
  if (head == 0) return false;
  if (head < sizeof size || size > kLargestFrame) {
    throw Error("cannot read a frame: its head is damaged");
  }
  std::vector<uint8_t> body(size);
  if (ReadAll(fd, body.data(), size) < size) {
    throw Error("cannot read a frame: it ends early");
  }
  *value = json::from_cbor(body);
  return true;
}

json ErrorFrame(const std::string& message, ExitCode code) {
  return {{"type", "error"},
          {"message", message},
          {"exit_code", static_cast<int>(code)}};
}

json FrameOf(const std::function<json()>& work) {
  try {
    return work();
  } catch (const Error& error) {
    return ErrorFrame(error.what(), error.code());
  } catch (const std::exception& error) {
    return ErrorFrame(error.what(), ExitCode::kFailed);
  }
}

void ThrowIfErrorFrame(const json& frame) {
  if (frame.at("type") != "error") return;
  const std::string message = frame.at("message");
  const auto code = static_cast<ExitCode>(frame.at("exit_code").get<int>());
  if (code == ExitCode::kInput) throw InputError(message);
  throw Error(message, code);
}

}  // namespace airlock
