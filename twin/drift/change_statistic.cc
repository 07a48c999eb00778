#include "twin/drift/change_statistic.h"

#include <algorithm>
#include <string>

#include "twin/drift/adwin.h"
#include "twin/drift/binned_window.h"
#include "twin/drift/cusum.h"
#include "twin/drift/ddm.h"
#include "twin/drift/ewma.h"
#include "twin/drift/hddm.h"
#include "twin/drift/kswin.h"
#include "twin/drift/page_hinkley.h"
#include "twin/drift/rank_bank.h"
#include "twin/drift/two_sample_window.h"

namespace airlock {
namespace {

std::vector<StatisticEntry> Sorted(std::vector<StatisticEntry> table) {
  std::sort(table.begin(), table.end(),
            [](const StatisticEntry& a, const StatisticEntry& b) {
              return std::string(a.name) < b.name;
            });
  return table;
}

}  // namespace

const std::vector<StatisticEntry>& ChangeStatistics() {
  static const std::vector<StatisticEntry> kTable = Sorted({
      AdwinStatistic(),
      AdwinRiverStatistic(),
      AdwinRiverLegacyStatistic(),
      AdwinRiverEarlyStatistic(),
      AdwinMultiflowStatistic(),
      CusumStatistic(),
      DdmStatistic(),
      EddmStatistic(),
      EddmMoaStatistic(),
      EwmaStatistic(),
      EwmaRiverStatistic(),
      ShewhartStatistic(),
      HddmAStatistic(),
      HddmWStatistic(),
      HddmWRiverLegacyStatistic(),
      KswinStatistic(),
      PageHinkleyStatistic(),
      PageHinkleyClippedStatistic(),
      PageHinkleyUnclippedStatistic(),
      JensenShannonStatistic(),
      PopulationStabilityStatistic(),
      RankBankStatistic(),
      KolmogorovSmirnovStatistic(),
      CramerVonMisesStatistic(),
      EnergyStatistic(),
      MmdStatistic(),
  });
  return kTable;
}

}  // namespace airlock
