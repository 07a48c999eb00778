// What the packet engine's WLAN costs: decision steps of 100 ms a processor
// second, and what a reset or a what-if branch costs as a fork of the settled
// network, against a plain ns-3 program of the same scene (wlan_plain_ns3.cc)
// that builds and associates it anew. All in processor time, of this machine
// and whatever else it does; the ratio is what counts. Access points stand 20 m
// apart in rows of four on one channel, 10 Mbit/s down to each station.

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/packet/scene.h"
#include "sim/scenario/resolve.h"

namespace airlock {
namespace {

constexpr int kSteps = 10;
constexpr int kBranches = 40;

Scenario MakeScenario(int access_points, int stations) {
  Scenario scenario;
  scenario.name = "wlan-speed";
  scenario.run.duration = Milliseconds(100 * kSteps);
  scenario.run.sample_interval = Milliseconds(100);
  scenario.wlan.emplace();
  for (int i = 0; i < access_points; ++i) {
    AccessPointConfig ap;
    ap.name = "ap" + std::to_string(i);
    ap.position = {Length(20.0 * (i % 4)), Length(20.0 * (i / 4))};
    ap.stations = stations;
    ap.station_distance = Length(2);
    scenario.wlan->access_points.push_back(ap);
  }
  return scenario;
}

double Cpu(int who) {
  rusage usage;
  getrusage(who, &usage);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) +
           1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double CpuOfAll() { return Cpu(RUSAGE_SELF) + Cpu(RUSAGE_CHILDREN); }

// Runs `work` in a fork; its processor seconds and those of the fork.
template <typename F>
double CostOfFork(F work) {
  const double before = CpuOfAll();
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    work();
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
    throw Error("a fork of the network failed");
  }
  return CpuOfAll() - before;
}

struct Plain {
  double rebuild = 0;
  double run = 0;
};

Plain RunPlain(const std::string& program, int access_points, int stations) {
  const std::string command =
      fmt::format("{} {} {}", program, access_points, stations);
  FILE* output = popen(command.c_str(), "r");
  Plain plain;
  if (output == nullptr ||
      std::fscanf(output, "%lf %lf", &plain.rebuild, &plain.run) != 2 ||
      pclose(output) != 0) {
    throw Error(command + " failed");
  }
  return plain;
}

void Measure(const std::string& plain_program, int access_points,
             int stations) {
  const Plain plain = RunPlain(plain_program, access_points, stations);
  // ns-3 lives once in a process.
  CostOfFork([&] {
    Diagnostics diagnostics;
    const auto resolved =
        Resolve(MakeScenario(access_points, stations), &diagnostics);
    if (!resolved) throw InputError(diagnostics.Format());
    const double before = CpuOfAll();
    const auto scene = CreateWlanScene(*resolved);
    scene->Settle();
    const double settle = CpuOfAll() - before;
    std::vector<double> branches;
    for (int i = 0; i < kBranches; ++i) {
      branches.push_back(CostOfFork([&] { scene->Start(Replication(i)); }));
    }
    std::nth_element(branches.begin(), branches.begin() + kBranches / 2,
                     branches.end());
    const double branch = branches[kBranches / 2];
    const double steps = CostOfFork([&] {
      scene->Start(Replication(0));
      for (int i = 1; i <= kSteps; ++i) {
        scene->AdvanceTo(Milliseconds(100 * i));
        scene->Observe();
      }
    });
    std::printf(
        "%2d x %d: %6.2f decision steps/s (plain ns-3 %6.2f); build and "
        "settle %.3f s, plain ns-3 %.3f s, branch %.2f ms: %.0f times cheaper "
        "than the plain rebuild\n",
        access_points, stations, kSteps / steps, kSteps / plain.run, settle,
        plain.rebuild, 1e3 * branch, plain.rebuild / branch);
    std::fflush(stdout);
  });
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) {
  const std::string self = argv[0];
  const std::string plain =
      argc > 1 ? argv[1]
               : self.substr(0, self.find_last_of('/') + 1) + "wlan_plain_ns3";
  airlock::Measure(plain, 4, 5);
  airlock::Measure(plain, 9, 5);
  airlock::Measure(plain, 16, 8);
  return 0;
}
