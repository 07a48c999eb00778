#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace airlock {

// What the trainings of several seeds say together, from their run cards:
//   {format, task, algorithm, seeds, steps, episodes_each, last, best, runtime}
// where `last` and `best` have {scores, interquartile_mean, interval (null and
// no_interval_because below ten seeds), costs: [{cost, means, upper_bounds,
// cvar_90} and, where it is limited, {limit, seeds_within}]}; and, where there
// is a shield, safety {training, evaluation} of all (safety_tally.h).
nlohmann::json SeedsTogether(const std::vector<nlohmann::json>& cards);

// How the best policies of `ours` compare with those of `theirs`, both as
// above: {folder, difference {estimate, low, high}, improvement {...}}, the 95
// % intervals of the difference of mean returns (ours less theirs) and of the
// probability that a training of ours returns more than one of theirs. Throws
// InputError for fewer than ten seeds of one.
nlohmann::json CompareSeeds(const nlohmann::json& ours,
                            const nlohmann::json& theirs,
                            const std::string& folder);

// For people; also what CompareSeeds() said, if `together` has it as "against".
std::string SeedsText(const std::string& folder,
                      const nlohmann::json& together);

}  // namespace airlock
