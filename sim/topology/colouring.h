#pragma once

#include <vector>

namespace airlock {

// Two nodes that should have different colours, and how much it costs where
// they have not (> 0).
struct Conflict {
  int a = 0;
  int b = 0;
  double weight = 1;
};

// A colour from 0 to colours - 1 for each of `nodes` nodes by DSATUR (Brelaz,
// "New methods to color the vertices of a graph", CACM 22(4), 1979): next comes
// the node whose coloured neighbours have the most different colours, of those
// the one with the most neighbours, of those the first. It gets the first
// colour that none of its neighbours has or, where there is none, the one that
// adds the least weight of conflicts. Conflicts of the same pair add up. Throws
// InputError for less than one colour, a weight that is not positive, or a
// conflict of a node that is not there, or with itself.
std::vector<int> ColourConflicts(int nodes,
                                 const std::vector<Conflict>& conflicts,
                                 int colours);

}  // namespace airlock
