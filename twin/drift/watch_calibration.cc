#include <algorithm>

#include "twin/drift/watch.h"

// Learning a trigger, which fits models; to run one is the rest of watch.h.
namespace airlock {
namespace {

double MedianInterval(const Trace& trace) {
  std::vector<double> intervals;
  for (size_t i = 1; i < trace.time_seconds.size(); ++i) {
    intervals.push_back(trace.time_seconds[i] - trace.time_seconds[i - 1]);
  }
  if (intervals.empty()) return 0;
  const auto middle =
      intervals.begin() + static_cast<std::ptrdiff_t>(intervals.size() / 2);
  std::nth_element(intervals.begin(), middle, intervals.end());
  return *middle;
}

}  // namespace

DriftTrigger CalibrateDrift(const Trace& reference,
                            const MonitorOptions& monitor_options,
                            const DriftOptions& options) {
  DriftReference features;
  Monitor monitor = Monitor::Fit(reference, monitor_options, &features);
  auto detector = CalibrateDriftDetector(features, options);
  Explainer explainer(features, monitor.units(), monitor.responses());
  return DriftTrigger(std::move(monitor), std::move(detector),
                      std::move(explainer), reference.Digest(),
                      MedianInterval(reference));
}

DriftTrigger CalibrateDriftWithModel(const Trace& reference,
                                     const MonitorOptions& monitor,
                                     const DriftOptions& options,
                                     const ForecastModel& model,
                                     const Trace& labelled, int64_t begin) {
  DriftOptions half = options;
  if (!options.classic) half.ert = 2 * options.ert;
  ModelMonitorOptions errors;
  errors.drift = half;
  errors.drift.detector = DriftOptions().detector;
  errors.drift.classic = false;
  errors.drift.parameters.clear();
  ModelMonitor watched = ModelMonitor::Calibrate(model, labelled, begin,
                                                 labelled.samples(), errors);
  DriftTrigger trigger = CalibrateDrift(reference, monitor, half);
  trigger.set_model_monitor(std::move(watched));
  return trigger;
}

}  // namespace airlock
