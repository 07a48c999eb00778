#include "sim/surrogate/processor_sharing.h"

#include <algorithm>

#include "sim/base/error.h"

namespace airlock {
namespace {

// Of equal ends, who joined first ends first.
bool EndsLater(const ProcessorSharing::Job& a, const ProcessorSharing::Job& b) {
  if (a.end_service != b.end_service) return a.end_service > b.end_service;
  return a.id > b.id;
}

}  // namespace

double ProcessorSharing::RatePerJob() const {
  const double jobs = static_cast<double>(heap_.size());
  return speed_ * pace_ * (jobs > cores_ ? cores_ / jobs : 1);
}

double ProcessorSharing::BusyCoreSeconds(double now) const {
  const double busy = std::min(cores_, static_cast<double>(heap_.size()));
  return busy_core_seconds_ + (now - now_) * busy;
}

void ProcessorSharing::MoveTo(double now) {
  busy_core_seconds_ = BusyCoreSeconds(now);
  service_ += (now - now_) * RatePerJob();
  now_ = now;
}

void ProcessorSharing::Plan() {
  const double rate = RatePerJob();
  if (heap_.empty() || rate == 0) {
    next_end_ = std::numeric_limits<double>::infinity();
    if (heap_.empty()) service_ = 0;  // keeps its last digits
    return;
  }
  // Rounding must not bring an end into the past.
  next_end_ = now_ + std::max(0.0, heap_.front().end_service - service_) / rate;
}

void ProcessorSharing::Join(double now, double work, int64_t id) {
  MoveTo(now);
  heap_.push_back({service_ + work, now, id});
  std::push_heap(heap_.begin(), heap_.end(), EndsLater);
  Plan();
}

ProcessorSharing::Job ProcessorSharing::End() {
  AIRLOCK_CHECK(!heap_.empty());
  MoveTo(next_end_);
  std::pop_heap(heap_.begin(), heap_.end(), EndsLater);
  const Job job = heap_.back();
  heap_.pop_back();
  service_ = std::max(service_, job.end_service);
  Plan();
  return job;
}

void ProcessorSharing::SetPace(double now, double pace) {
  MoveTo(now);
  pace_ = pace;
  Plan();
}

std::vector<ProcessorSharing::Job> ProcessorSharing::Abandon(double now) {
  MoveTo(now);
  std::vector<Job> jobs = std::move(heap_);
  heap_.clear();
  std::sort(jobs.begin(), jobs.end(),
            [](const Job& a, const Job& b) { return EndsLater(b, a); });
  Plan();
  return jobs;
}

}  // namespace airlock
