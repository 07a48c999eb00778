#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace airlock {

// What an access point transmits on: the index of its primary 20 MHz channel in
// a ChannelTable and how many times the width is doubled (2^bonding channels).
struct ChannelAssignment {
  int channel = 0;
  int bonding = 0;
};

inline bool operator==(ChannelAssignment a, ChannelAssignment b) {
  return a.channel == b.channel && a.bonding == b.bonding;
}
inline bool operator!=(ChannelAssignment a, ChannelAssignment b) {
  return !(a == b);
}

// One assignment for each access point of a network.
using ChannelPlan = std::vector<ChannelAssignment>;

// The spectrum that an assignment takes: the slots [first, first + count) of
// its table. Assignments whose slots meet interfere.
struct SlotRange {
  int first = 0;
  int count = 0;
};

inline bool Meet(SlotRange a, SlotRange b) {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}

// The 20 MHz channels that a network may use, N_C of them, by index 0 to
// N_C - 1 in the order of their IEEE numbers, and the widths up to which they
// bond, N_B of them: 20 MHz times 2^b, b from 0 to N_B - 1. In the 5 GHz band a
// bonded channel is one of IEEE 802.11-2020 annex E (36+40, 44+48, ...; 165 has
// no partner) all of whose 20 MHz channels are in the table; either of them may
// be the primary one. A slot is one channel, psi_k(c, b) = 1 for k in Slots().
// In the 2.4 GHz band channels overlap without being equal: there a slot is 5
// MHz, an assignment takes four of them, and nothing bonds.
class ChannelTable {
 public:
  // `numbers`: IEEE numbers of 20 MHz channels, all of one band (to 14: 2.4
  // GHz), each once. Throws InputError naming the number for one that is no
  // channel or given twice, an empty list, two bands, or bonding_levels outside
  // 1 to 4 (1 in the 2.4 GHz band).
  ChannelTable(std::vector<int> numbers, int bonding_levels);

  int channels() const { return static_cast<int>(numbers_.size()); }  // N_C
  int bonding_levels() const { return bonding_levels_; }              // N_B
  int slots() const { return slots_; }
  // IEEE number of channel index `channel`.
  int Number(int channel) const { return numbers_[channel]; }
  std::optional<int> IndexOf(int number) const;

  // Whether the table has this primary channel bonded so.
  bool Has(ChannelAssignment assignment) const;
  // `assignment` must be in the table.
  SlotRange Slots(ChannelAssignment assignment) const {
    return ranges_[assignment.channel * bonding_levels_ + assignment.bonding];
  }
  // Every assignment there is: by bonding, then by channel.
  const std::vector<ChannelAssignment>& assignments() const {
    return assignments_;
  }

  // From and to what settings say: the IEEE number of the primary channel and
  // the width in Hz. Throws InputError saying what is allowed.
  ChannelAssignment Parse(double number, double width_hz) const;
  static double WidthHz(int bonding) { return 20e6 * (1 << bonding); }

 private:
  std::vector<int> numbers_;
  int bonding_levels_;
  int slots_;
  std::vector<SlotRange> ranges_;  // [channel][bonding]; count 0: not there
  std::vector<ChannelAssignment> assignments_;
};

// The nine channels of the reference, 36 to 48 and 149 to 165: those of the
// Americas without radars.
std::vector<int> ReferenceChannels();

}  // namespace airlock
