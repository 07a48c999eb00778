#include "calibration/fit/rate_curve.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "sim/stats/quantile.h"

namespace airlock {
namespace {

double Huber(double error, double knee) {
  const double size = std::abs(error);
  return size <= knee ? 0.5 * size * size : knee * (size - 0.5 * knee);
}

double Loss(const RateCurve& curve, const std::vector<double>& rssi,
            const std::vector<double>& rates, double knee) {
  double sum = 0;
  for (size_t i = 0; i < rssi.size(); ++i) {
    sum += Huber(curve.At(rssi[i]) - rates[i], knee);
  }
  return sum;
}

// The parameters that the search moves: ln attenuation, floor / 10 dB, ln top.
using Point = std::array<double, 3>;

RateCurve CurveAt(const Point& p, double width) {
  RateCurve curve;
  curve.width = width;
  curve.attenuation = std::exp(p[0]);
  curve.floor_dbm = 10 * p[1];
  curve.top = std::exp(p[2]);
  return curve;
}

bool IsPossible(const Point& p) {
  return p[0] > std::log(0.005) && p[0] < std::log(4.0) && p[1] > -11 &&
         p[1] < -4;
}

// Direct search along the axes and between them (the parameters make up for
// each other) with steps that halve.
Point PatternSearch(Point best, const std::function<double(const Point&)>& loss,
                    double step) {
  double least = loss(best);
  while (step > 1e-3) {
    bool moved = false;
    for (int direction = 0; direction < 27; ++direction) {
      const Point next = {best[0] + step * (direction % 3 - 1),
                          best[1] + step * (direction / 3 % 3 - 1),
                          best[2] + step * (direction / 9 - 1)};
      if (!IsPossible(next)) continue;
      const double value = loss(next);
      if (!(value < least)) continue;
      least = value;
      best = next;
      moved = true;
    }
    if (!moved) step /= 2;
  }
  return best;
}

}  // namespace

double RateCurve::At(double rssi) const {
  const double snr = std::pow(10.0, (rssi - floor_dbm) / 10);
  return std::min(top, attenuation * width * std::log2(1 + snr));
}

RateCurve FitRateCurve(const std::vector<double>& rssi,
                       const std::vector<double>& rates, double width,
                       const RateCurve* start) {
  const double highest = std::max(Quantile(rates, 0.99), 1e3);
  const double knee = highest / 5;
  const auto loss = [&](const Point& p) {
    return Loss(CurveAt(p, width), rssi, rates, knee);
  };
  Point best = {0, 0, 0};
  if (start != nullptr) {
    best = {std::log(start->attenuation), start->floor_dbm / 10,
            std::log(start->top)};
  } else {
    double least = -1;
    for (double floor = -100; floor <= -60; floor += 5) {
      for (double attenuation = 0.05; attenuation < 2; attenuation *= 1.5) {
        for (const double top : {1.0, 0.75, 0.5}) {
          const Point p = {std::log(attenuation), floor / 10,
                           std::log(top * highest)};
          const double value = loss(p);
          if (least >= 0 && value >= least) continue;
          least = value;
          best = p;
        }
      }
    }
  }
  return CurveAt(PatternSearch(best, loss, start != nullptr ? 0.1 : 0.3),
                 width);
}

double FitGoodputShare(const std::vector<double>& rates,
                       const std::vector<double>& goodputs, double offered) {
  const double knee = std::max(offered, 1e3) / 5;
  const auto loss = [&](double share) {
    double sum = 0;
    for (size_t i = 0; i < rates.size(); ++i) {
      sum += Huber(std::min(offered, share * rates[i]) - goodputs[i], knee);
    }
    return sum;
  };
  // Not convex because of the minimum: a scan, then golden section around it.
  double best = 0.01;
  for (double share = 0.01; share <= 1.5; share += 0.01) {
    if (loss(share) < loss(best)) best = share;
  }
  double low = best - 0.01, high = best + 0.01;
  const double golden = (std::sqrt(5.0) - 1) / 2;
  while (high - low > 1e-5) {
    const double a = high - golden * (high - low);
    const double b = low + golden * (high - low);
    (loss(a) < loss(b) ? high : low) = loss(a) < loss(b) ? b : a;
  }
  return 0.5 * (low + high);
}

}  // namespace airlock
