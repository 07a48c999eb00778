#include "twin/node/supervised_source.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace airlock {
namespace {

double SecondsBetween(std::chrono::steady_clock::time_point a,
                      std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

}  // namespace

SupervisedSource::SupervisedSource(const SourceConfig& config,
                                   double taken_seconds)
    : config_(config), taken_seconds_(taken_seconds) {}

SupervisedSource::Event SupervisedSource::Lose(const std::string& why) {
  source_.reset();
  why_ = why;
  ++losses_;
  wait_ = std::min(wait_ > 0 ? 2 * wait_ : Seconds(config_.restart_after),
                   Seconds(config_.restart_at_most));
  start_at_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(wait_));
  return Event::kLost;
}

void SupervisedSource::CheckColumns(const Trace& samples) {
  if (!columns_) {
    columns_ = samples.Slice(0, 0);
    return;
  }
  std::string changed;
  for (const Column& column : columns_->columns) {
    const Column* const found = samples.Find(column.name);
    if (found == nullptr || found->unit != column.unit) {
      changed +=
          fmt::format("{}'{}'", changed.empty() ? "" : ", ", column.name);
    }
  }
  if (!changed.empty()) {
    throw Error(fmt::format(
        "it came back without counters that it had, or in another unit: {}",
        changed));
  }
  if (samples.columns.size() != columns_->columns.size()) {
    throw Error(fmt::format("it came back with {} counters; it had {}",
                            samples.columns.size(), columns_->columns.size()));
  }
}

void SupervisedSource::PlaceInTime(Trace* samples) {
  if (!placed_) {
    placed_ = true;
    shift_ = 0;
    const double first = samples->time_seconds.front();
    if (!std::isnan(taken_seconds_) && first <= taken_seconds_) {
      // Its clock began anew.
      const double passed = std::max(SecondsBetween(taken_at_, Clock::now()),
                                     0.5 * Seconds(config_.period));
      shift_ = taken_seconds_ + passed - first;
    }
  }
  double before = taken_seconds_;
  for (double& time : samples->time_seconds) {
    time += shift_;
    if (time <= before) {
      throw Error(fmt::format(
          "time {:.12g} s does not come after {:.12g} s of the sample before",
          time, before));
    }
    before = time;
  }
}

SupervisedSource::Event SupervisedSource::Read(double wait_seconds,
                                               Trace* samples) {
  if (!source_) {
    const double until = SecondsBetween(Clock::now(), start_at_);
    if (until > 0) {
      poll(nullptr, 0,
           static_cast<int>(1000 * std::min(until, wait_seconds)) + 1);
      return Event::kQuiet;
    }
    try {
      source_ = OpenSource(config_, taken_seconds_);
    } catch (const InputError&) {
      if (config_.kind == "replay" || starts_ == 0) throw;
      return Lose("it cannot be started again");
    } catch (const Error& error) {
      if (config_.kind == "replay") throw;
      return Lose(error.what());
    }
    ++starts_;
    clock_ = source_->clock();
    placed_ = false;
    heard_at_ = Clock::now();
  }
  try {
    const Source::Event event = source_->Read(wait_seconds, samples);
    if (event == Source::Event::kEnd) return Event::kEnd;
    if (event == Source::Event::kQuiet) {
      const double quiet = SecondsBetween(heard_at_, Clock::now());
      if (config_.kind == "replay" || quiet < Seconds(config_.timeout)) {
        return Event::kQuiet;
      }
      return Lose(fmt::format("it said nothing for {:.1f} s", quiet));
    }
    CheckColumns(*samples);
    PlaceInTime(samples);
  } catch (const Error& error) {
    if (error.code() == ExitCode::kInterrupted) throw;
    return Lose(error.what());
  }
  heard_at_ = taken_at_ = Clock::now();
  taken_seconds_ = samples->time_seconds.back();
  wait_ = 0;
  return Event::kSamples;
}

}  // namespace airlock
