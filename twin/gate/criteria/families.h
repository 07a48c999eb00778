#pragma once

#include <string>
#include <vector>

#include "twin/gate/criterion.h"
#include "twin/gate/evidence.h"

// The families of criteria, a file each. Criteria() puts their rows together.
namespace airlock {

std::vector<CriterionRow> PredictionCriteria();  // what predictions must be
std::vector<CriterionRow> ComparisonCriteria();  // means and spreads
std::vector<CriterionRow> TailCriteria();        // quantiles, limits, the worst
std::vector<CriterionRow> DriftCriteria();
std::vector<CriterionRow> CostCriteria();
std::vector<CriterionRow> TwinCriteria();
std::vector<CriterionRow> OfflineCriteria();  // from logged decisions
std::vector<CriterionRow> BehaviourCriteria();  // and whatever its KPIs are

}  // namespace airlock
