#include "calibration/fit/links.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
// Slower than this the direction is noise of the position.
constexpr double kSlowestMove = 1;  // m/s

// The values of a link's column, all missing if there is none.
std::vector<double> ValuesOf(const Trace& trace, const std::string& id,
                             const char* metric, const char* unit) {
  const Column* column = trace.Find(fmt::format("station.{}.{}", id, metric));
  if (column == nullptr) {
    return std::vector<double>(trace.time_seconds.size(), kMissing);
  }
  if (column->unit != unit) {
    throw InputError(
        fmt::format("calibration: column '{}' is in '{}', not in "
                    "'{}'",
                    column->name, column->unit, unit));
  }
  return column->values;
}

struct Direction {
  double x = 0;
  double y = 0;
};

// The direction of travel at each sample from the places around it; held where
// the receiver stands, and before its first move that of the first move.
std::vector<Direction> Directions(const std::vector<double>& time,
                                  const std::vector<double>& x,
                                  const std::vector<double>& y) {
  const size_t n = time.size();
  std::vector<Direction> directions(n);
  Direction held;
  size_t first_move = n;
  for (size_t i = 0; i < n; ++i) {
    const size_t a = i > 0 ? i - 1 : i;
    const size_t b = i + 1 < n ? i + 1 : i;
    const double dx = x[b] - x[a];
    const double dy = y[b] - y[a];
    const double way = std::hypot(dx, dy);
    if (b > a && way / (time[b] - time[a]) > kSlowestMove) {
      held = {dx / way, dy / way};
      first_move = std::min(first_move, i);
    }
    directions[i] = held;
  }
  for (size_t i = 0; i < first_move && first_move < n; ++i) {
    directions[i] = directions[first_move];
  }
  return directions;
}

// Sets recent_rssi and rssi_spread; samples in time order.
void SetRecentRssi(const std::vector<double>& time,
                   std::vector<LinkSample>* samples) {
  const auto time_of = [&](size_t i) {
    return time[static_cast<size_t>((*samples)[i].sample)];
  };
  size_t first = 0;
  for (size_t i = 0; i < samples->size(); ++i) {
    while (time_of(i) - time_of(first) >= kRssiMemory) ++first;
    const double n = static_cast<double>(i - first + 1);
    double sum = 0, square = 0;
    for (size_t k = first; k <= i; ++k) sum += (*samples)[k].rssi;
    for (size_t k = first; k <= i; ++k) {
      square += std::pow((*samples)[k].rssi - sum / n, 2);
    }
    (*samples)[i].recent_rssi = sum / n;
    (*samples)[i].rssi_spread = std::sqrt(square / n);
  }
}

Link ReadLink(const Trace& trace, const std::string& id, int64_t* silent) {
  Link link;
  const size_t dot = id.find('.');
  link.ap = id.substr(0, dot);
  link.station = id.substr(dot + 1);
  const auto values = [&](const char* metric, const char* unit) {
    return ValuesOf(trace, id, metric, unit);
  };
  const auto distance = values("distance", "m");
  auto x = values("x", "m");
  auto y = values("y", "m");
  const auto rssi = values("rssi", "dBm");
  const auto rate = values("rate", "bit/s");
  const auto utilisation = values("utilisation", "1");
  const auto goodput = values("goodput", "bit/s");
  const auto offered = values("offered", "1");
  const auto frequency = values("frequency", "Hz");
  for (size_t i = 0; i < x.size(); ++i) {
    if (!std::isnan(x[i]) && !std::isnan(y[i])) continue;
    x[i] = distance[i];
    y[i] = 0;
  }
  const auto directions = Directions(trace.time_seconds, x, y);
  for (size_t i = 0; i < rssi.size(); ++i) {
    if (!std::isnan(frequency[i])) link.frequency = frequency[i];
    if (std::isnan(rssi[i])) ++*silent;
    if (std::isnan(rssi[i]) || std::isnan(distance[i])) continue;
    LinkSample sample;
    sample.sample = static_cast<int64_t>(i);
    sample.distance = std::max(distance[i], kLeastDistance);
    sample.x = x[i];
    sample.y = y[i];
    sample.heading_x = directions[i].x;
    sample.heading_y = directions[i].y;
    sample.rssi = rssi[i];
    sample.rate = rate[i];
    sample.utilisation = utilisation[i];
    sample.goodput = goodput[i];
    sample.offered = !(offered[i] < 1);
    link.samples.push_back(sample);
  }
  SetRecentRssi(trace.time_seconds, &link.samples);
  return link;
}

}  // namespace

std::vector<Link> ReadLinks(const Trace& trace, int64_t* silent) {
  std::vector<std::string> ids;
  for (const Column& column : trace.columns) {
    const std::string& id = column.scope_id;
    if (column.scope != Scope::kStation || id.find('.') == std::string::npos ||
        column.name != "station." + id + ".rssi") {
      continue;
    }
    if (trace.Find("station." + id + ".distance") != nullptr) ids.push_back(id);
  }
  if (ids.empty()) {
    throw InputError(
        "calibration: the trace has no link: columns station.AP.STATION.rssi "
        "and station.AP.STATION.distance are needed (airlock import link-log)");
  }
  std::sort(ids.begin(), ids.end());
  *silent = 0;
  std::vector<Link> links;
  for (const std::string& id : ids)
    links.push_back(ReadLink(trace, id, silent));
  return links;
}

}  // namespace airlock
