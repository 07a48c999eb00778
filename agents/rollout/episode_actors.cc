#include "agents/rollout/episode_actors.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <utility>

#include "agents/rollout/episode.h"
#include "agents/rollout/rollout_frame.h"
#include "sim/base/forked_process.h"
#include "sim/base/frame.h"

namespace airlock {
namespace {

using nlohmann::json;

// An environment that loses this many episodes without an answer between cannot
// be run at all.
constexpr int64_t kMostLosses = 10;

// A process that lives through one episode. It is asked
//   {policy?, steps, random_share, greedy}
// with the policy where it is not the one before, and answers with a frame of a
// rollout and {drawn, ended}.
class EpisodeProcess {
 public:
  // `repeat`: actions to take before anything is asked.
  EpisodeProcess(const ActorOptions& options, const EpisodePlace& place,
                 const std::vector<double>& repeat)
      : process_([&](int requests, int answers) {
          Serve(requests, answers, options, place, repeat);
        }) {}

  int answers() const { return process_.answers(); }
  // Waits for its end and says how it was.
  std::string DescribeEnd() {
    process_.Kill();  // where it hangs with its pipe closed
    return process_.DescribeEnd();
  }
  // False if it is dead.
  bool Ask(const json& request) {
    try {
      WriteFrame(process_.requests(), request);
      return true;
    } catch (const Error&) {
      return false;
    }
  }
  bool Answer(json* answer) {
    try {
      return ReadFrame(process_.answers(), answer);
    } catch (const Error&) {  // half an answer
      return false;
    }
  }

  int64_t policy = -1;  // number of the one that it was sent

 private:
  static void Serve(int requests, int answers, const ActorOptions& options,
                    const EpisodePlace& place,
                    const std::vector<double>& repeat) {
    std::unique_ptr<Episode> episode;
    std::unique_ptr<Policy> policy;
    const auto answer = [&](const json& request) {
      if (!episode) {
        episode = std::make_unique<Episode>(options.create(), place);
        episode->Repeat(repeat);
      }
      if (request.contains("policy")) {
        policy =
            std::make_unique<Policy>(Policy::FromJson(request.at("policy")));
      }
      json frame = ToFrame(episode->Advance(*policy, request.at("steps"),
                                            request.at("random_share"),
                                            request.at("greedy")));
      frame["drawn"] = episode->drawn();
      frame["ended"] = episode->ended();
      return frame;
    };
    json request;
    while (ReadFrame(requests, &request)) {
      WriteFrame(answers, FrameOf([&] { return answer(request); }));
    }
  }

  ForkedProcess process_;
};

class Episodes : public Actors {
 public:
  Episodes(const ActorOptions& options, int64_t jobs)
      : options_(options),
        spec_(options.create()->spec()),
        jobs_(std::max<int64_t>(1, jobs)),
        lanes_(static_cast<size_t>(options.envs)) {
    // A process that is gone is an error of write(), not a signal.
    signal(SIGPIPE, SIG_IGN);
  }

  const EnvSpec& spec() const override { return spec_; }
  int64_t envs() const override { return options_.envs; }
  int64_t lost_episodes() const override { return lost_; }
  std::vector<std::string> TakeLosses() override {
    return std::exchange(losses_, {});
  }
  Rollout Run(const Policy& policy, int64_t steps, double random_share,
              bool greedy) override;
  json Save() override;
  void Load(const json& state) override;

 private:
  // One environment's course through its episodes.
  struct Lane {
    std::unique_ptr<EpisodeProcess> process;  // none between two episodes
    int64_t episode = 0;
    uint64_t drawn = 0;
    std::vector<double> actions;  // of the running episode
    int64_t losses = 0;           // since its last answer
    bool restarted = false;       // as Rollout's, in the present rollout
    Rollout part;                 // of the present rollout
  };

  EpisodePlace PlaceOf(size_t lane) const;
  // Asks the lane's process, a new one if it has none, for what is missing of
  // `steps`.
  void Ask(size_t lane, int64_t steps, const json& request);
  // Takes an answer, or the process's death.
  void Take(size_t lane);
  void Lose(size_t lane);

  const ActorOptions options_;
  const EnvSpec spec_;
  const int64_t jobs_;
  std::vector<Lane> lanes_;
  int64_t steps_ = 0;  // of every environment, so far
  int64_t lost_ = 0;
  std::vector<std::string> losses_;
  json policy_;  // the present one
  int64_t policy_number_ = 0;
};

EpisodePlace Episodes::PlaceOf(size_t lane) const {
  EpisodePlace place;
  place.env = static_cast<int64_t>(lane);
  place.episode = lanes_[lane].episode;
  place.seed = options_.seed;
  place.time_limit =
      options_.time_limit > 0 ? options_.time_limit : spec_.time_limit;
  place.drawn = lanes_[lane].drawn;
  return place;
}

void Episodes::Ask(size_t number, int64_t steps, const json& request) {
  Lane& lane = lanes_[number];
  json ask = request;
  ask["steps"] = steps - lane.part.steps;
  for (;;) {
    if (!lane.process) {
      lane.process = std::make_unique<EpisodeProcess>(options_, PlaceOf(number),
                                                      lane.actions);
    }
    if (lane.process->policy != policy_number_) ask["policy"] = policy_;
    lane.process->policy = policy_number_;
    if (lane.process->Ask(ask)) return;
    Lose(number);
  }
}

void Episodes::Lose(size_t number) {
  Lane& lane = lanes_[number];
  ++lost_;
  losses_.push_back(fmt::format("environment {}, episode {}: {}", number,
                                lane.episode, lane.process->DescribeEnd()));
  // Rows of it that are known already have no end.
  if (!lane.actions.empty()) lane.restarted = true;
  ++lane.episode;
  lane.actions.clear();
  lane.process.reset();
  if (++lane.losses < kMostLosses) return;
  throw Error(fmt::format("{}: {} episodes in a row were lost; {}", spec_.name,
                          kMostLosses, losses_.back()));
}

void Episodes::Take(size_t number) {
  Lane& lane = lanes_[number];
  json answer;
  if (!lane.process->Answer(&answer)) {
    Lose(number);
    return;
  }
  ThrowIfErrorFrame(answer);
  Rollout more = RolloutFromFrame(answer);
  if (more.steps > 0) lane.losses = 0;
  lane.drawn = answer.at("drawn");
  lane.actions.insert(lane.actions.end(), more.action.begin(),
                      more.action.end());
  for (EpisodeRecord& record : more.episodes) {
    record.ended_at = steps_ + lane.part.steps + more.steps;
  }
  if (answer.at("ended").get<bool>()) {
    ++lane.episode;
    lane.actions.clear();
    lane.process.reset();
  }
  AppendSteps(more, &lane.part);
}

Rollout Episodes::Run(const Policy& policy, int64_t steps, double random_share,
                      bool greedy) {
  json present = policy.ToJson();
  if (present != policy_) {
    policy_ = std::move(present);
    ++policy_number_;
  }
  const json request = {{"random_share", random_share}, {"greedy", greedy}};
  std::deque<size_t> waiting;
  for (size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i].part = Rollout();
    lanes_[i].part.envs = 1;
    lanes_[i].restarted = false;
    if (steps > 0) waiting.push_back(i);
  }
  std::vector<size_t> running;
  while (!waiting.empty() || !running.empty()) {
    while (!waiting.empty() && static_cast<int64_t>(running.size()) < jobs_) {
      Ask(waiting.front(), steps, request);
      running.push_back(waiting.front());
      waiting.pop_front();
    }
    std::vector<pollfd> answers;
    for (const size_t i : running) {
      answers.push_back({lanes_[i].process->answers(), POLLIN, 0});
    }
    if (poll(answers.data(), answers.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw Error(
          fmt::format("cannot wait for episodes: {}", std::strerror(errno)));
    }
    std::vector<size_t> still;
    for (size_t k = 0; k < running.size(); ++k) {
      const size_t i = running[k];
      if (answers[k].revents == 0) {
        still.push_back(i);
        continue;
      }
      Take(i);
      if (lanes_[i].part.steps < steps) waiting.push_front(i);
    }
    running = std::move(still);
  }
  steps_ += steps;
  std::vector<Rollout> parts;
  for (Lane& lane : lanes_) parts.push_back(std::move(lane.part));
  Rollout all = SideBySide(parts);
  const auto restarted = [](const Lane& lane) { return lane.restarted; };
  if (std::any_of(lanes_.begin(), lanes_.end(), restarted)) {
    all.restarted.clear();
    for (const Lane& lane : lanes_) all.restarted.push_back(lane.restarted);
  }
  return all;
}

json Episodes::Save() {
  json lanes = json::array();
  for (const Lane& lane : lanes_) {
    lanes.push_back({{"episode", lane.episode},
                     {"drawn", lane.drawn},
                     {"actions", lane.actions}});
  }
  return {{"steps", steps_}, {"lost", lost_}, {"lanes", std::move(lanes)}};
}

void Episodes::Load(const json& state) {
  try {
    const json& lanes = state.at("lanes");
    if (lanes.size() != lanes_.size()) {
      throw InputError(fmt::format("saved by {} actors; these are {}",
                                   lanes.size(), lanes_.size()));
    }
    state.at("steps").get_to(steps_);
    state.at("lost").get_to(lost_);
    for (size_t i = 0; i < lanes_.size(); ++i) {
      Lane& lane = lanes_[i];
      lane.process.reset();
      lane.losses = 0;
      lanes[i].at("episode").get_to(lane.episode);
      lanes[i].at("drawn").get_to(lane.drawn);
      lanes[i].at("actions").get_to(lane.actions);
    }
  } catch (const json::exception& e) {
    throw InputError(fmt::format("not a saved state of actors: {}", e.what()));
  }
}

}  // namespace

std::unique_ptr<Actors> EpisodeActors(const ActorOptions& options,
                                      int64_t jobs) {
  return std::make_unique<Episodes>(options, jobs);
}

}  // namespace airlock
