#include "sim/surrogate/channel_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr int kSlotsOfTwoGhz = 16;  // 5 MHz each, of channels 1 to 13
constexpr int kSlotsOfTwoGhzChannel = 4;

// A run of 20 MHz channels of the 5 GHz band that bond among themselves.
struct Run {
  int first;
  int count;
};

constexpr Run kRuns[] = {{36, 8}, {100, 12}, {149, 4}, {165, 1}};

bool IsTwoGhz(int number) { return number <= 14; }

// The run that `number` is in; nullptr if it is no channel.
const Run* FindRun(int number) {
  for (const Run& run : kRuns) {
    const int past = number - run.first;
    if (past >= 0 && past % 4 == 0 && past / 4 < run.count) return &run;
  }
  return nullptr;
}

// The numbers of the 20 MHz channels that `number` bonds with at `bonding`,
// itself included; empty if there is no such channel.
std::vector<int> Bonded(int number, int bonding) {
  const Run* run = FindRun(number);
  const int width = 1 << bonding;
  const int block = (number - run->first) / 4 / width * width;
  if (block + width > run->count) return {};
  std::vector<int> numbers;
  for (int i = 0; i < width; ++i) {
    numbers.push_back(run->first + 4 * (block + i));
  }
  return numbers;
}

std::string Join(const std::vector<int>& numbers) {
  return fmt::format("{}", fmt::join(numbers, ", "));
}

void CheckNumbers(const std::vector<int>& sorted, int bonding_levels) {
  if (sorted.empty()) throw InputError("a channel table needs a channel");
  const bool two_ghz = IsTwoGhz(sorted.front());
  for (size_t i = 0; i < sorted.size(); ++i) {
    const int number = sorted[i];
    if (i > 0 && number == sorted[i - 1]) {
      throw InputError(fmt::format("channel {} is given twice", number));
    }
    const bool known = IsTwoGhz(number) ? number >= 1 && number <= 13
                                        : FindRun(number) != nullptr;
    if (!known) {
      throw InputError(fmt::format(
          "{} is no 20 MHz channel of the 2.4 GHz band (1 to 13) or the 5 GHz "
          "band (36 to 64 and 100 to 144 in steps of 4, 149 to 165)",
          number));
    }
    if (IsTwoGhz(number) != two_ghz) {
      throw InputError(fmt::format("channels {} and {} are of two bands",
                                   sorted.front(), number));
    }
  }
  const int most = two_ghz ? 1 : 4;
  if (bonding_levels < 1 || bonding_levels > most) {
    throw InputError(
        fmt::format("{} bonding levels: the {} GHz band has 1 to {} here",
                    bonding_levels, two_ghz ? "2.4" : "5", most));
  }
}

}  // namespace

ChannelTable::ChannelTable(std::vector<int> numbers, int bonding_levels)
    : numbers_(std::move(numbers)), bonding_levels_(bonding_levels) {
  std::sort(numbers_.begin(), numbers_.end());
  CheckNumbers(numbers_, bonding_levels_);
  const bool two_ghz = IsTwoGhz(numbers_.front());
  slots_ = two_ghz ? kSlotsOfTwoGhz : channels();
  ranges_.resize(numbers_.size() * bonding_levels_);
  for (int bonding = 0; bonding < bonding_levels_; ++bonding) {
    for (int channel = 0; channel < channels(); ++channel) {
      SlotRange& range = ranges_[channel * bonding_levels_ + bonding];
      if (two_ghz) {
        range = {Number(channel) - 1, kSlotsOfTwoGhzChannel};
      } else {
        const std::vector<int> bonded = Bonded(Number(channel), bonding);
        const bool all = !bonded.empty() &&
                         std::all_of(bonded.begin(), bonded.end(),
                                     [this](int n) { return IndexOf(n); });
        // The channels of a block are neighbours in the sorted list.
        if (all) {
          range = {*IndexOf(bonded[0]), static_cast<int>(bonded.size())};
        }
      }
      if (range.count > 0) assignments_.push_back({channel, bonding});
    }
  }
}

std::optional<int> ChannelTable::IndexOf(int number) const {
  const auto at = std::lower_bound(numbers_.begin(), numbers_.end(), number);
  if (at == numbers_.end() || *at != number) return std::nullopt;
  return static_cast<int>(at - numbers_.begin());
}

bool ChannelTable::Has(ChannelAssignment assignment) const {
  return assignment.channel >= 0 && assignment.channel < channels() &&
         assignment.bonding >= 0 && assignment.bonding < bonding_levels_ &&
         Slots(assignment).count > 0;
}

ChannelAssignment ChannelTable::Parse(double number, double width_hz) const {
  const double rounded = std::round(number);
  const std::optional<int> channel =
      rounded == number && std::abs(number) < 1000
          ? IndexOf(static_cast<int>(rounded))
          : std::nullopt;
  if (!channel) {
    throw InputError(fmt::format("channel {} is not allowed here: one of {}",
                                 number, Join(numbers_)));
  }
  for (int bonding = 0; bonding < bonding_levels_; ++bonding) {
    if (WidthHz(bonding) != width_hz) continue;
    if (Has({*channel, bonding})) return {*channel, bonding};
    throw InputError(
        fmt::format("channel {} has no partner for {} MHz among the allowed "
                    "channels {}",
                    number, width_hz / 1e6, Join(numbers_)));
  }
  throw InputError(
      fmt::format("a width of {} Hz is not allowed here: 20 MHz "
                  "to {} MHz, doubling",
                  width_hz, WidthHz(bonding_levels_ - 1) / 1e6));
}

std::vector<int> ReferenceChannels() {
  return {36, 40, 44, 48, 149, 153, 157, 161, 165};
}

}  // namespace airlock
