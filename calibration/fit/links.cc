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

// The direction of travel at each sample from the places up to it: over two
// samples, since one step is as long as the error of its ends. Held where the
// receiver stands or its place is missing.
std::vector<Direction> Directions(const std::vector<double>& time,
                                  const std::vector<double>& x,
                                  const std::vector<double>& y) {
  const size_t n = time.size();
  std::vector<Direction> directions(n);
  Direction held;
  for (size_t i = 1; i < n; ++i) {
    const size_t a = i > 1 ? i - 2 : 0;
    const double dx = x[i] - x[a];
    const double dy = y[i] - y[a];
    const double way = std::hypot(dx, dy);  // NaN if a place is missing
    if (way / (time[i] - time[a]) > kSlowestMove) held = {dx / way, dy / way};
    directions[i] = held;
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

// Puts the receiver at (distance, 0) if no sample of the link has a place.
void SetUnknownPlaces(const std::vector<double>& distance,
                      std::vector<double>* x, std::vector<double>* y) {
  for (size_t i = 0; i < x->size(); ++i) {
    if (!std::isnan((*x)[i]) && !std::isnan((*y)[i])) return;
  }
  *x = distance;
  y->assign(distance.size(), 0);
}

Link ReadLink(const Trace& trace, const std::string& id,
              LeftOutSamples* left_out) {
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
  SetUnknownPlaces(distance, &x, &y);
  const auto directions = Directions(trace.time_seconds, x, y);
  for (size_t i = 0; i < rssi.size(); ++i) {
    int64_t* const reason =
        std::isnan(rssi[i])                      ? &left_out->silent
        : std::isnan(distance[i])                ? &left_out->without_distance
        : (std::isnan(x[i]) || std::isnan(y[i])) ? &left_out->without_place
                                                 : nullptr;
    if (reason != nullptr) {
      ++*reason;
      continue;
    }
    LinkSample sample;
    sample.sample = static_cast<int64_t>(i);
    sample.distance = std::max(distance[i], kLeastDistance);
    sample.x = x[i];
    sample.y = y[i];
    sample.heading_x = directions[i].x;
    sample.heading_y = directions[i].y;
    sample.rssi = rssi[i];
    sample.frequency = frequency[i];
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

std::vector<Link> ReadLinks(const Trace& trace, LeftOutSamples* left_out) {
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
  *left_out = LeftOutSamples();
  std::vector<Link> links;
  for (const std::string& id : ids)
    links.push_back(ReadLink(trace, id, left_out));
  return links;
}

}  // namespace airlock
