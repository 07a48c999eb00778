#include "sim/surrogate/processor_sharing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "sim/base/rng.h"

namespace airlock {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(ProcessorSharingTest, OneCoreIsSharedEqually) {
  ProcessorSharing server(1, 1);
  EXPECT_EQ(server.NextEnd(), kInfinity);
  server.Join(0, 2, 7);
  EXPECT_DOUBLE_EQ(server.NextEnd(), 2);
  server.Join(1, 0.5, 8);  // the first has 1 left; both at half speed
  EXPECT_DOUBLE_EQ(server.NextEnd(), 2);
  const ProcessorSharing::Job first = server.End();
  EXPECT_EQ(first.id, 8);
  EXPECT_DOUBLE_EQ(first.begin, 1);
  EXPECT_DOUBLE_EQ(server.NextEnd(), 2.5);
  EXPECT_EQ(server.End().id, 7);
  EXPECT_EQ(server.jobs(), 0);
  EXPECT_DOUBLE_EQ(server.BusyCoreSeconds(3), 2.5);
}

TEST(ProcessorSharingTest, JobsUpToTheCoresDoNotDisturbEachOther) {
  ProcessorSharing server(2, 0.5);
  server.Join(0, 1, 1);
  server.Join(0, 2, 2);
  EXPECT_DOUBLE_EQ(server.NextEnd(), 2);
  server.Join(1, 1, 3);  // three on two cores: a third of a unit a second each
  EXPECT_DOUBLE_EQ(server.NextEnd(), 1 + 0.5 / (0.5 * 2 / 3));
  EXPECT_EQ(server.End().id, 1);
  EXPECT_DOUBLE_EQ(server.BusyCoreSeconds(1), 2);
}

TEST(ProcessorSharingTest, PaceSlowsAndStopsIt) {
  ProcessorSharing server(1, 1);
  server.Join(0, 1, 1);
  server.SetPace(0.5, 0.25);
  EXPECT_DOUBLE_EQ(server.NextEnd(), 2.5);
  server.SetPace(1.5, 0);
  EXPECT_EQ(server.NextEnd(), kInfinity);
  server.SetPace(10, 1);
  EXPECT_DOUBLE_EQ(server.NextEnd(), 10.25);
}

TEST(ProcessorSharingTest, AbandonedJobsComeInTheOrderOfTheirEnds) {
  ProcessorSharing server(1, 1);
  server.Join(0, 3, 1);
  server.Join(0, 1, 2);
  server.Join(0, 2, 3);
  const auto jobs = server.Abandon(0.5);
  ASSERT_EQ(jobs.size(), 3u);
  EXPECT_EQ(jobs[0].id, 2);
  EXPECT_EQ(jobs[1].id, 3);
  EXPECT_EQ(jobs[2].id, 1);
  EXPECT_EQ(server.NextEnd(), kInfinity);
}

// What is left of jobs that share three cores of speed 1.5, moved in small
// steps; knows nothing of virtual time.
class SmallSteps {
 public:
  void Join(double work, int64_t id) { jobs_.emplace_back(id, work); }
  void Step(double seconds) {
    now_ += seconds;
    const double jobs = static_cast<double>(jobs_.size());
    const double served = 1.5 * std::min(1.0, 3 / jobs) * seconds;
    std::vector<std::pair<int64_t, double>> left;
    for (auto& [id, work] : jobs_) {
      if (work > served) {
        left.emplace_back(id, work - served);
      } else {
        ends_[id] = now_;
      }
    }
    jobs_ = left;
  }
  double now() const { return now_; }
  const std::map<int64_t, double>& ends() const { return ends_; }

 private:
  double now_ = 0;
  std::vector<std::pair<int64_t, double>> jobs_;
  std::map<int64_t, double> ends_;
};

TEST(ProcessorSharingTest, AgreesWithSmallSteps) {
  constexpr size_t kJobs = 60;
  RngStream random(4);
  SmallSteps slow;
  ProcessorSharing server(3, 1.5);
  std::map<int64_t, double> ends;
  const auto end_until = [&](double until) {
    while (server.NextEnd() <= until) {
      const double at = server.NextEnd();
      ends[server.End().id] = at;
    }
  };
  double arrival = 0;
  for (size_t id = 0; id < kJobs; ++id) {
    arrival += random.Exponential(0.12);
    const double work = random.Exponential(0.5);
    while (slow.now() < arrival) slow.Step(1e-4);
    slow.Join(work, static_cast<int64_t>(id));
    end_until(arrival);
    server.Join(arrival, work, static_cast<int64_t>(id));
  }
  end_until(1e6);
  while (slow.ends().size() < kJobs) slow.Step(1e-4);
  ASSERT_EQ(ends.size(), kJobs);
  for (const auto& [id, at] : ends) EXPECT_NEAR(at, slow.ends().at(id), 0.005);
}

}  // namespace
}  // namespace airlock
