// What the packet engine's WLAN costs: decision steps of 100 ms a processor
// second, and what a reset costs as a fork of the settled network, against a
// plain ns-3 program of the same scene (wlan_plain_ns3.cc) that builds and
// associates it anew. Access points stand 20 m apart in rows of four on one
// channel, 10 Mbit/s down to each station.
//
// All in processor time of every process that takes part, parent, child and its
// end. The two are measured in turn, a rebuild and then some forks, so that the
// ratio holds on a machine that does other things too; each ratio as the median
// of the rounds with the smallest and the largest. Two kinds of forks:
//   reset   fork, streams of the replication, flows scheduled: ready to run
//   branch  the same, a first decision taken, observed 1 us later and sent back
// and two of rebuilds: from main() until every station is associated, and with
// the loading of ns-3 and the end of its process, which a program that rebuilds
// for each run pays as well. Simulated steps cost the same on either side and
// are in neither.

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/frame.h"
#include "sim/packet/scene.h"
#include "sim/scenario/resolve.h"

namespace airlock {
namespace {

constexpr int kSteps = 10;
constexpr int kRounds = 5;
constexpr int kForks = 20;  // of each kind, a round

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

double Median(std::vector<double> values) {
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Of the rounds: "MEDIAN [MIN, MAX]".
std::string Summary(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return fmt::format("{:.0f} [{:.0f}, {:.0f}]", Median(values), *low, *high);
}

// Runs `work` in a fork, which sends back what it returns; the processor
// seconds of all that, the fork included.
template <typename F>
double CostOfFork(F work) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) throw Error("no pipe");
  std::fflush(nullptr);
  const double before = CpuOfAll();
  const pid_t child = fork();
  if (child == 0) {
    WriteFrame(pipe_ends[1], work());
    _exit(0);
  }
  close(pipe_ends[1]);
  nlohmann::json answer;
  const bool answered = child > 0 && ReadFrame(pipe_ends[0], &answer);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0 ||
      !answered) {
    throw Error("a fork of the network failed");
  }
  const double cost = CpuOfAll() - before;
  close(pipe_ends[0]);
  return cost;
}

struct Plain {
  double rebuild = 0;
  double run = 0;
  double process = 0;  // from its start to its end, without `run`
};

Plain RunPlain(const std::string& program, int access_points, int stations,
               int steps) {
  const std::string command =
      fmt::format("exec {} {} {} {}", program, access_points, stations, steps);
  const double before = CpuOfAll();
  FILE* output = popen(command.c_str(), "r");
  Plain plain;
  if (output == nullptr ||
      std::fscanf(output, "%lf %lf", &plain.rebuild, &plain.run) != 2 ||
      pclose(output) != 0) {
    throw Error(command + " failed");
  }
  plain.process = CpuOfAll() - before - plain.run;
  return plain;
}

std::unique_ptr<Scene> SettledScene(int access_points, int stations) {
  Diagnostics diagnostics;
  const auto resolved =
      Resolve(MakeScenario(access_points, stations), &diagnostics);
  if (!resolved) throw InputError(diagnostics.Format());
  auto scene = CreateWlanScene(*resolved);
  scene->Settle();
  return scene;
}

nlohmann::json Reset(Scene* scene, int64_t replication) {
  scene->Start(Replication(replication));
  return true;
}

// A what-if branch without what is simulated in it.
nlohmann::json Branch(Scene* scene, int64_t replication) {
  scene->Start(Replication(replication));
  Action action;
  action.settings["ap0.channel"] = 40;
  scene->Apply(action);
  scene->AdvanceTo(SimTime(1000));
  return scene->Observe().values;
}

nlohmann::json Steps(Scene* scene) {
  scene->Start(Replication(0));
  for (int i = 1; i <= kSteps; ++i) {
    scene->AdvanceTo(Milliseconds(100 * i));
    scene->Observe();
  }
  return true;
}

template <typename F>
double MedianCost(F work) {
  std::vector<double> costs;
  for (int i = 0; i < kForks; ++i) {
    costs.push_back(CostOfFork([&] { return work(i); }));
  }
  return Median(costs);
}

// Forks of one settled network and the plain program, in turn.
void MeasureForks(const std::string& plain_program, int access_points,
                  int stations, Scene* scene) {
  std::vector<double> rebuilds, resets, branches, ratios, branch_ratios,
      process_ratios;
  for (int round = 0; round < kRounds; ++round) {
    const Plain plain = RunPlain(plain_program, access_points, stations, 0);
    const double reset = MedianCost([&](int i) { return Reset(scene, i); });
    const double branch = MedianCost([&](int i) { return Branch(scene, i); });
    rebuilds.push_back(plain.rebuild);
    resets.push_back(1e3 * reset);
    branches.push_back(1e3 * branch);
    ratios.push_back(plain.rebuild / reset);
    branch_ratios.push_back(plain.rebuild / branch);
    process_ratios.push_back(plain.process / reset);
  }
  std::printf(
      "        rebuild %.3f s, reset %.2f ms, branch %.2f ms; process over "
      "reset %s, rebuild over reset %s, over branch %s\n",
      Median(rebuilds), Median(resets), Median(branches),
      Summary(process_ratios).c_str(), Summary(ratios).c_str(),
      Summary(branch_ratios).c_str());
  std::fflush(stdout);
}

void Measure(const std::string& plain_program, int access_points,
             int stations) {
  const double before = CpuOfAll();
  const auto scene = SettledScene(access_points, stations);
  const double settle = CpuOfAll() - before;
  const double steps = CostOfFork([&] { return Steps(scene.get()); });
  const Plain plain = RunPlain(plain_program, access_points, stations, kSteps);
  std::printf(
      "%2d x %d: %.2f decision steps/s (plain ns-3 %.2f); built and settled "
      "in %.3f s (plain ns-3 %.3f s)\n",
      access_points, stations, kSteps / steps, kSteps / plain.run, settle,
      plain.rebuild);
  std::fflush(stdout);
  MeasureForks(plain_program, access_points, stations, scene.get());
}

}  // namespace
}  // namespace airlock

// Without arguments: three sizes, each in a process of its own, since ns-3
// lives once in a process. APS STATIONS: that size.
int main(int argc, char** argv) {
  const std::string self = argv[0];
  if (argc == 3) {
    airlock::Measure(
        self.substr(0, self.find_last_of('/') + 1) + "wlan_plain_ns3",
        std::atoi(argv[1]), std::atoi(argv[2]));
    std::fflush(nullptr);
    _exit(0);  // ns-3's own teardown is not measured
  }
  for (const char* size : {"4 5", "9 5", "16 8"}) {
    if (std::system((self + " " + size).c_str()) != 0) return 1;
  }
  return 0;
}
