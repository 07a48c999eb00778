#include "agents/baselines/planners/planners.h"

#include "agents/baselines/planners/colouring.h"
#include "agents/baselines/planners/daily_ai_7d.h"
#include "agents/baselines/planners/dynls.h"
#include "agents/baselines/planners/greedy.h"
#include "agents/baselines/planners/legacy_daily.h"
#include "agents/baselines/planners/net2seq.h"
#include "agents/baselines/planners/oracle.h"
#include "agents/baselines/planners/static.h"
#include "agents/baselines/planners/turboca.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

template <typename P>
std::unique_ptr<ChannelPlanner> Create(const PlannerSetup& setup) {
  return std::make_unique<P>(setup);
}

PlannerRow LoadNet2Seq(const TrainedPlannerRow& row,
                       const std::string& policy) {
  const auto network =
      std::make_shared<const Net2SeqNetwork>(Net2SeqNetwork::Read(policy));
  return {row.name, row.description,
          [network](const PlannerSetup& setup) {
            return std::make_unique<Net2SeqPlanner>(setup, network);
          },
          false};
}

template <typename Row>
const Row* RowNamed(const std::vector<Row>& rows, const std::string& name) {
  for (const Row& row : rows) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

}  // namespace

const std::vector<PlannerRow>& Planners() {
  static const std::vector<PlannerRow> rows = {
      {"static", "keeps the scenario's configuration", Create<StaticPlanner>,
       false},
      {"legacy-daily",
       "WLAN: at 03:00 the channels with the least power of others; leaves a "
       "noisy channel for 30 minutes",
       Create<LegacyDailyPlanner>, false},
      {"daily-ai-7d",
       "WLAN: at 03:00 a local search for the loads of the last seven days",
       Create<DailyHistoryPlanner>, false},
      {"greedy", "WLAN: each access point to its least congested channel",
       Create<GreedyPlanner>, false},
      {"colouring", "WLAN: DSATUR on the graph of who hears whom; no loads",
       Create<ColouringPlanner>, false},
      {"turboca", "WLAN: TurboCA, neighbourhood by neighbourhood",
       Create<TurboCaPlanner>, false},
      {"dynls", "WLAN: local search over pairs of access points",
       Create<DynLsPlanner>, false},
      {"oracle", "WLAN: dynls that knows the loads of the slot to come",
       Create<OraclePlanner>, true},
  };
  return rows;
}

const std::vector<TrainedPlannerRow>& TrainedPlanners() {
  static const std::vector<TrainedPlannerRow> rows = {
      {"net2seq",
       "WLAN: the best of several plans by a trained net2seq, the file of "
       "`controller.policy`",
       LoadNet2Seq},
  };
  return rows;
}

bool IsTrainedPlanner(const std::string& name) {
  return RowNamed(TrainedPlanners(), name) != nullptr;
}

bool IsPlanner(const std::string& name) {
  return IsTrainedPlanner(name) || RowNamed(Planners(), name) != nullptr;
}

PlannerRow FindPlanner(const std::string& name, const std::string& policy) {
  if (const auto* const trained = RowNamed(TrainedPlanners(), name)) {
    if (policy.empty()) {
      throw PolicyError(fmt::format(
          "agent '{}' needs a trained policy: name its file", name));
    }
    try {
      return trained->load(*trained, policy);
    } catch (const Error& error) {
      throw PolicyError(error.what());
    }
  }
  if (const PlannerRow* const row = RowNamed(Planners(), name)) {
    if (policy.empty()) return *row;
    throw PolicyError(
        fmt::format("agent '{}' is not trained and takes no policy", name));
  }
  std::string known;
  for (const PlannerRow& row : Planners()) {
    known += (known.empty() ? "" : ", ") + row.name;
  }
  for (const TrainedPlannerRow& row : TrainedPlanners()) {
    known += ", " + row.name;
  }
  throw InputError(
      fmt::format("no such planner: '{}'; known planners: {}", name, known));
}

}  // namespace airlock
