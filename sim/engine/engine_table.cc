#include "sim/engine/engine_table.h"

namespace airlock {

const std::vector<EngineRow>& Engines() {
  static const std::vector<EngineRow> rows = {
      {"packet", "every packet, in ns-3: datacentre and WLAN"},
      {"surrogate",
       "service chains without the fabric: a recursion over packets, some "
       "hundred times faster; WLANs: airtime by load and plan, no packets"},
  };
  return rows;
}

}  // namespace airlock
