#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace airlock {

// A server of `cores` cores of speed `speed` that its jobs share equally: n of
// them each get the speed of a core, or cores / n of it where they are more
// than cores (egalitarian processor sharing). Exact: all jobs of a server
// attain service at the same rate, so the one that ends next is the one whose
// attained service at its end is least (virtual time; a heap). Instants are
// seconds and never decrease; none may pass NextEnd().
class ProcessorSharing {
 public:
  struct Job {
    double end_service;  // attained by all jobs together with this one's end
    double begin;        // instant at which it joined
    int64_t id;          // the caller's
  };

  ProcessorSharing(int64_t cores, double speed)
      : cores_(static_cast<double>(cores)), speed_(speed) {}

  // `work` (> 0): seconds on a core of speed 1.
  void Join(double now, double work, int64_t id);
  // Infinite where no job is or the server stands still.
  double NextEnd() const { return next_end_; }
  // Ends and removes the job whose end is NextEnd(), which becomes the present.
  Job End();
  // What is left of the speed: 1 all, 0 stands still.
  void SetPace(double now, double pace);
  // Removes all jobs, in the order of their ends.
  std::vector<Job> Abandon(double now);

  int64_t jobs() const { return static_cast<int64_t>(heap_.size()); }
  // Integral of the cores in use, to `now`.
  double BusyCoreSeconds(double now) const;

 private:
  // Seconds of service that each job gets in a second.
  double RatePerJob() const;
  void MoveTo(double now);
  void Plan();

  const double cores_;
  const double speed_;
  double pace_ = 1;
  double now_ = 0;
  double service_ = 0;  // attained by each job since the server was idle
  double busy_core_seconds_ = 0;
  double next_end_ = std::numeric_limits<double>::infinity();
  std::vector<Job> heap_;  // least end_service first
};

}  // namespace airlock
