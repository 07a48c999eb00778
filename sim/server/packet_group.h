#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/base/error.h"

namespace airlock {

// Packets of one chain that move together: evenly spaced from the first's
// instant to the last's. With event: packet, always one.
struct PacketGroup {
  int32_t chain = 0;
  int32_t step = 0;  // of the chain that it goes to
  int64_t packets = 0;
  int64_t bytes = 0;
  int64_t first_ns = 0;  // where they are going
  int64_t last_ns = 0;
  int64_t sent_first_ns = 0;  // by the source
  int64_t sent_last_ns = 0;

  // Instant of packet i.
  int64_t At(int64_t i) const {
    return packets < 2 ? first_ns
                       : first_ns + (last_ns - first_ns) * i / (packets - 1);
  }
  int64_t SentAt(int64_t i) const {
    return packets < 2 ? sent_first_ns
                       : sent_first_ns +
                             (sent_last_ns - sent_first_ns) * i / (packets - 1);
  }
  // How many have come by `now_ns`.
  int64_t CountBy(int64_t now_ns) const {
    if (now_ns >= last_ns) return packets;
    if (now_ns < first_ns) return 0;
    int64_t count =
        1 + (now_ns - first_ns) * (packets - 1) / (last_ns - first_ns);
    while (count < packets && At(count) <= now_ns) ++count;
    return count;
  }
  // Takes the first `count` (1 to packets) away.
  PacketGroup TakeFirst(int64_t count) {
    AIRLOCK_CHECK(count >= 1 && count <= packets);
    PacketGroup taken = *this;
    if (count == packets) {
      packets = 0;
      bytes = 0;
      return taken;
    }
    taken.packets = count;
    taken.bytes = bytes * count / packets;
    taken.last_ns = At(count - 1);
    taken.sent_last_ns = SentAt(count - 1);
    const int64_t first = At(count);
    const int64_t sent_first = SentAt(count);
    packets -= count;
    bytes -= taken.bytes;
    first_ns = first;
    sent_first_ns = sent_first;
    return taken;
  }
};

}  // namespace airlock
