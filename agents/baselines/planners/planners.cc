#include "agents/baselines/planners/planners.h"

#include <algorithm>
#include <optional>

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

constexpr char kNet2Seq[] = "net2seq";

// The file of "net2seq:FILE"; nothing for another name, empty without a file.
std::optional<std::string> PolicyOf(const std::string& name) {
  const size_t colon = name.find(':');
  if (name.substr(0, colon) != kNet2Seq) return std::nullopt;
  return colon == std::string::npos ? "" : name.substr(colon + 1);
}

PlannerRow TrainedPlanner(const std::string& path) {
  if (path.empty()) {
    throw InputError(
        "planner 'net2seq' needs the file of a trained policy: net2seq:FILE");
  }
  const auto network =
      std::make_shared<const Net2SeqNetwork>(Net2SeqNetwork::Read(path));
  return {kNet2Seq, kNet2SeqRow.description,
          [network](const PlannerSetup& setup) {
            return std::make_unique<Net2SeqPlanner>(setup, network);
          },
          false};
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

bool IsPlanner(const std::string& name) {
  const auto& rows = Planners();
  return PolicyOf(name).has_value() ||
         std::any_of(rows.begin(), rows.end(),
                     [&](const PlannerRow& row) { return name == row.name; });
}

PlannerRow FindPlanner(const std::string& name) {
  if (const auto policy = PolicyOf(name)) return TrainedPlanner(*policy);
  std::string known;
  for (const PlannerRow& row : Planners()) {
    if (name == row.name) return row;
    known += (known.empty() ? "" : ", ") + row.name;
  }
  throw InputError(fmt::format("no such planner: '{}'; known planners: {}, {}",
                               name, known, kNet2SeqRow.name));
}

}  // namespace airlock
