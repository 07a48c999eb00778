#include "twin/drift/kswin.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "twin/drift/statistic_parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

const double kMissing = std::numeric_limits<double>::quiet_NaN();
const double kInfinity = std::numeric_limits<double>::infinity();

const std::vector<StatisticParameter>& Parameters() {
  static const std::vector<StatisticParameter> kParameters = {
      {"alpha", 0.005, 0, 1, "p-value of the classic threshold"},
      {"window", 100, 2, 10000, "values"},
      {"stat_size", 30, 1, 4095, "newest values, and as many drawn"},
      {"min_distance", 0.1, 0, 1,
       "distance of the distribution functions that a classic alarm exceeds"},
      {"seed", 1, 0, 9007199254740992.0, "of the draws"},
  };
  return kParameters;
}

StatisticParameters Complete(const StatisticParameters& given) {
  StatisticParameters all = CompleteParameters("kswin", Parameters(), given);
  const int64_t window = WholeParameter("kswin", all, "window");
  const int64_t size = WholeParameter("kswin", all, "stat_size");
  if (2 * size > window) {
    throw InputError(fmt::format(
        "kswin: stat_size is {}; write at most half of the window, {}", size,
        window / 2));
  }
  return all;
}

// -ln P(D >= k / n) of the two-sample Kolmogorov-Smirnov distance D of n and n
// values, for k = 0 ... n (Gnedenko and Korolyuk 1951):
//   P = 2 sum_{j >= 1} (-1)^(j - 1) C(2n, n - j k) / C(2n, n).
std::vector<double> LogSurvival(int64_t n) {
  const auto log_choose = [n](int64_t k) {  // but for (2n)!
    return -std::lgamma(static_cast<double>(k) + 1) -
           std::lgamma(static_cast<double>(2 * n - k) + 1);
  };
  std::vector<double> result = {0};
  for (int64_t k = 1; k <= n; ++k) {
    const double first = log_choose(n - k);
    double sum = 0;
    for (int64_t j = 1; j * k <= n; ++j) {
      const double term = std::exp(log_choose(n - j * k) - first);
      sum += j % 2 == 1 ? term : -term;
    }
    const double log_p = std::log(2 * sum) + first - log_choose(n);
    result.push_back(std::max(-log_p, result.back()));
  }
  return result;
}

constexpr size_t kWord = 64;  // positions
using Bits = std::vector<uint64_t>;

bool IsSet(const Bits& bits, size_t at) {
  return (bits[at / kWord] >> at % kWord & 1) != 0;
}

// Bits set in each 16 of a word.
uint64_t CountInLanes(uint64_t x) {
  x = x - (x >> 1 & 0x5555555555555555);
  x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
  x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return (x + (x >> 8)) & 0x001f001f001f001f;
}

// Times this: each lane becomes the sum of itself and those below.
constexpr uint64_t kOnes = 0x0001000100010001;

int64_t CountBits(const Bits& bits) {
  int64_t count = 0;
  for (const uint64_t word : bits) {
    count += static_cast<int64_t>(CountInLanes(word) * kOnes >> 48);
  }
  return count;
}

// Positions from `at` on move by one, up for Insert, down for Remove.
void InsertBit(Bits* bits, size_t at, bool value) {
  const size_t first = at / kWord;
  for (size_t w = bits->size() - 1; w > first; --w) {
    (*bits)[w] = (*bits)[w] << 1 | (*bits)[w - 1] >> (kWord - 1);
  }
  const uint64_t below = (uint64_t{1} << at % kWord) - 1;
  uint64_t& word = (*bits)[first];
  word = (word & below) | (word & ~below) << 1 | uint64_t{value} << at % kWord;
}

void RemoveBit(Bits* bits, size_t at) {
  const size_t first = at / kWord;
  const uint64_t below = (uint64_t{1} << at % kWord) - 1;
  uint64_t& word = (*bits)[first];
  word = (word & below) | (word >> 1 & ~below);
  for (size_t w = first + 1; w < bits->size(); ++w) {
    (*bits)[w - 1] |= (*bits)[w] << (kWord - 1);
    (*bits)[w] >>= 1;
  }
}

// Two samples in the order of their values, one up, the other down a step: how
// far apart their counts come. All steps at one value are one.
struct Path {
  int64_t largest = 0;  // distance
  int64_t area = 0;     // sum of the distances after each step
};

// Eight stretches of sixteen positions side by side: a vector of the GNU
// compilers, one register of any processor of today.
using Lanes = int16_t __attribute__((vector_size(16)));
using UnsignedLanes = uint16_t __attribute__((vector_size(16)));
using WideLanes = uint32_t __attribute__((vector_size(16)));

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "lanes of a word");

template <typename To, typename From>
To As(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "");
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

// Where the path stands before each lane; `at` goes from before the first to
// after the last of the positions.
Lanes StartOfLanes(const uint64_t* ups, const uint64_t* downs, uint64_t* at) {
  std::array<uint64_t, 2> sums, before;
  for (size_t i = 0; i < 2; ++i) {
    // 16 more in each lane, so that none borrows.
    const uint64_t steps =
        CountInLanes(ups[i]) + 16 * kOnes - CountInLanes(downs[i]);
    sums[i] = steps * kOnes << 16;
    before[i] = (*at & 0xffff) * kOnes;
    *at += (steps * kOnes >> 48) - 64;
  }
  constexpr Lanes kSurplus = {0, 16, 32, 48, 0, 16, 32, 48};
  return As<Lanes>(sums) + As<Lanes>(before) - kSurplus;
}

UnsignedLanes LoadLanes(const uint64_t* words) {
  return As<UnsignedLanes>(std::array<uint64_t, 2>{words[0], words[1]});
}

// `ups` and `downs` say at which positions a step is, `lasts` which is the last
// of its value. At most 4095 steps each way, so that 16 distances fit a lane.
template <bool kTies>
Path FollowPath(const Bits& ups, const Bits& downs, const Bits& lasts) {
  Path path;
  uint64_t at = 0;
  int64_t carried = 0;  // steps at the value that the lanes before end with
  Lanes largest = {};
  WideLanes area = {};
  for (size_t w = 0; w < ups.size(); w += 2) {
    Lanes now = StartOfLanes(&ups[w], &downs[w], &at);
    UnsignedLanes up = LoadLanes(&ups[w]);
    UnsignedLanes down = LoadLanes(&downs[w]);
    UnsignedLanes last = LoadLanes(&lasts[w]);
    UnsignedLanes sum = {}, steps = {};
    Lanes first = {}, before_first = ~Lanes{};
    for (int i = 0; i < 16; ++i) {
      now += As<Lanes>(up & 1) - As<Lanes>(down & 1);
      Lanes distance = now > -now ? now : -now;
      if constexpr (kTies) {
        const Lanes is_last = -As<Lanes>(last & 1);
        distance &= is_last;
        steps += (up | down) & 1;
        sum += As<UnsignedLanes>(distance) * steps;
        steps &= ~As<UnsignedLanes>(is_last);
        first |= distance & before_first;
        before_first &= ~is_last;
        last >>= 1;
      } else {
        sum += As<UnsignedLanes>(distance) & -((up | down) & 1);
      }
      largest = distance > largest ? distance : largest;
      up >>= 1;
      down >>= 1;
    }
    const WideLanes pairs = As<WideLanes>(sum);
    area += (pairs & 0xffff) + (pairs >> 16);
    for (int i = 0; kTies && i < 8; ++i) {
      path.area += carried * first[i];
      carried = (before_first[i] != 0 ? carried : 0) + steps[i];
    }
  }
  for (int i = 0; i < 8; ++i) {
    path.largest = std::max<int64_t>(path.largest, largest[i]);
  }
  for (int i = 0; i < 4; ++i) path.area += area[i];
  return path;
}

class Kswin : public ChangeStatistic {
 public:
  explicit Kswin(const StatisticParameters& all)
      : window_(static_cast<size_t>(WholeParameter("kswin", all, "window"))),
        size_(static_cast<size_t>(WholeParameter("kswin", all, "stat_size"))),
        seed_(static_cast<uint64_t>(WholeParameter("kswin", all, "seed"))),
        log_survival_(LogSurvival(static_cast<int64_t>(size_))) {
    PlanDraw();
    Reset();
  }

  double Update(double value) override {
    Push(value);
    if (!full()) return kMissing;
    Draw();
    return Compare();
  }

  void Reset() override {
    ring_.assign(window_, 0);
    size_t words = 2;
    while (words * kWord < window_) words *= 2;
    newest_.assign(words, 0);
    drawn_ = newest_;
    lasts_ = newest_;
    all_ = newest_;
    for (size_t i = 0; i < window_; ++i) {
      all_[i / kWord] |= uint64_t{1} << i % kWord;
    }
    values_.clear();
    values_.reserve(window_);
    next_ = 0;
    equal_ = 0;
    draws_ = 0;
  }

  int64_t SamplesSinceChange() const override {
    return values_.size() < window_ ? -1 : static_cast<int64_t>(size_);
  }

  void Save(json* state) const override {
    std::vector<double> values;
    for (size_t age = values_.size(); age > 0; --age) {
      values.push_back(ring_[Back(age)]);
    }
    (*state)["values"] = values;
    (*state)["draws"] = draws_;
  }

  void Load(const json& state) override {
    const auto values = state.at("values").get<std::vector<double>>();
    const auto draws = state.at("draws").get<uint64_t>();
    if (values.size() > window_) {
      throw InputError(
          fmt::format("state of kswin: {} values in a window of {}",
                      values.size(), window_));
    }
    Reset();
    for (const double value : values) Push(value);
    draws_ = draws;
  }

 private:
  void Push(double value);
  void Slide(double value);
  bool full() const { return values_.size() == window_; }
  // Of the values in the window, those below `value`. No branch depends on the
  // values, which no processor could foresee.
  size_t CountBelow(double value) const;
  // The bits of a new value, which has been put in after all equal ones.
  void Mark(size_t at);
  // Makes the first of the newest from `at` on an older one.
  void Age(size_t at);

  // The slot of the value `age` before the one that comes next.
  size_t Back(size_t age) const {
    return next_ >= age ? next_ - age : next_ + window_ - age;
  }

  void PlanDraw();
  void Draw();
  void Thin(RngStream* rng, int64_t excess, Bits* bits) const;
  double Compare() const;

  const size_t window_;
  const size_t size_;
  const uint64_t seed_;
  const std::vector<double> log_survival_;
  // Of the older values share_ / 2^share_bits_ are drawn at first.
  uint64_t share_ = 0;
  int share_bits_ = 0;
  std::vector<double> ring_;
  size_t next_ = 0;  // in ring_
  // The window by value; of equal ones the older are before the newest. One bit
  // a position says which are the newest, and which are drawn of the others.
  std::vector<double> values_;
  // A power of 2 of words each.
  Bits newest_;
  Bits drawn_;
  Bits lasts_;         // the last of its value
  Bits all_;           // the positions that there are
  int64_t equal_ = 0;  // how many equal the next
  uint64_t draws_ = 0;
};

size_t Kswin::CountBelow(double value) const {
  size_t first = 0;
  for (size_t count = values_.size(); count > 0;) {
    const size_t half = (count + 1) / 2;
    first += values_[first + half - 1] < value ? half : 0;
    count -= half;
  }
  return first;
}

void Kswin::Age(size_t at) {
  size_t w = at / kWord;
  uint64_t found = newest_[w] & ~uint64_t{0} << at % kWord;
  while (found == 0) found = newest_[++w];
  newest_[w] &= ~(found & -found);
}

void Kswin::Push(double value) {
  if (full()) {
    Slide(value);
  } else {
    if (values_.size() >= size_) Age(CountBelow(ring_[Back(size_)]));
    const auto place = std::upper_bound(values_.begin(), values_.end(), value);
    const auto at = static_cast<size_t>(place - values_.begin());
    values_.insert(place, value);
    Mark(at);
  }
  ring_[next_] = value;
  next_ = next_ + 1 == window_ ? 0 : next_ + 1;
}

// The oldest leaves, one of the newest ages, `value` comes: Push() where all
// three are known, so that they are searched at the same time.
void Kswin::Slide(double value) {
  const double leaving = ring_[next_];
  const double ageing = ring_[Back(size_)];
  size_t from = 0, age = 0, to = 0;
  for (size_t count = window_; count > 0;) {
    const size_t half = (count + 1) / 2;
    from += values_[from + half - 1] < leaving ? half : 0;
    age += values_[age + half - 1] < ageing ? half : 0;
    to += values_[to + half - 1] <= value ? half : 0;
    count -= half;
  }
  Age(age);
  double* const sorted = values_.data();
  // Of equal ones the first leaves, so it is the last only if there are none.
  equal_ -= IsSet(lasts_, from) ? 0 : 1;
  RemoveBit(&newest_, from);
  RemoveBit(&lasts_, from);
  if (to > from) {
    --to;
    std::memmove(sorted + from, sorted + from + 1,
                 (to - from) * sizeof(double));
  } else {
    std::memmove(sorted + to + 1, sorted + to, (from - to) * sizeof(double));
  }
  sorted[to] = value;
  Mark(to);
}

void Kswin::Mark(size_t at) {
  InsertBit(&newest_, at, true);
  InsertBit(&lasts_, at, true);
  if (at == 0 || values_[at - 1] != values_[at]) return;
  lasts_[(at - 1) / kWord] &= ~(uint64_t{1} << (at - 1) % kWord);
  ++equal_;
}

// The share of bits that comes near enough to the size that what is left to do
// is little more than chance makes it.
void Kswin::PlanDraw() {
  const double older = static_cast<double>(window_ - size_);
  const double share = static_cast<double>(size_) / older;
  const double deviation = std::sqrt(older * share * (1 - share));
  do {
    ++share_bits_;
    const double parts = std::ldexp(1.0, share_bits_);
    share_ = static_cast<uint64_t>(
        std::min<double>(std::round(share * parts), parts - 1));
    const double miss = std::abs(static_cast<double>(share_) / parts - share);
    if (miss * older <= 1.25 * deviation) break;
  } while (share_bits_ < 16);
}

// Draws `size_` of the older values, each set of them equally likely: drawn is
// each on its own, and then of too many, or of those left out where they are
// too few, any until their number is right. All that happens is the same for
// every value, so the sets of one size are equally likely; and which position a
// value has in the order does not matter. A function of the seed, draws_ and
// the window alone.
void Kswin::Draw() {
  for (size_t w = 0; w < drawn_.size(); ++w) drawn_[w] = all_[w] & ~newest_[w];
  if (window_ == 2 * size_) return;
  // One key per value, since a generator's position cannot be saved.
  RngStream rng(seed_ * 0x9e3779b97f4a7c15 + draws_++);
  for (size_t w = 0; w < drawn_.size() && all_[w] != 0; ++w) {
    // share_ in binary, from its last digit on: a one ors, a zero ands.
    uint64_t bits = 0;
    for (int digit = 0; digit < share_bits_; ++digit) {
      const uint64_t random = rng.Next64();
      bits = share_ >> digit & 1 ? bits | random : bits & random;
    }
    drawn_[w] &= bits;
  }
  const int64_t excess = CountBits(drawn_) - static_cast<int64_t>(size_);
  const uint64_t others = excess < 0 ? ~uint64_t{0} : 0;
  const auto swap = [&] {
    for (size_t w = 0; w < drawn_.size(); ++w) {
      drawn_[w] ^= all_[w] & ~newest_[w] & others;
    }
  };
  swap();
  Thin(&rng, std::abs(excess), &drawn_);
  swap();
}

// Clears `excess` of the bits that are set, any of them: positions are tried,
// those beyond the window too.
void Kswin::Thin(RngStream* rng, int64_t excess, Bits* bits) const {
  const size_t mask = kWord * bits->size() - 1;  // that of a power of 2
  const int width = __builtin_popcountll(mask);
  uint64_t random = 0;
  int left = 0;
  while (excess > 0) {
    if (left == 0) {
      random = rng->Next64();
      left = kWord / width;
    }
    const size_t at = random & mask;
    random >>= width;
    --left;
    uint64_t& word = (*bits)[at / kWord];
    const uint64_t set = word >> at % kWord & 1;
    word ^= set << at % kWord;
    excess -= static_cast<int64_t>(set);
  }
}

double Kswin::Compare() const {
  const Path path = equal_ == 0 ? FollowPath<false>(newest_, drawn_, lasts_)
                                : FollowPath<true>(newest_, drawn_, lasts_);
  const size_t k = static_cast<size_t>(path.largest);
  if (k == 0 || k == size_) return log_survival_[k];
  const double share = static_cast<double>(path.area) /
                       static_cast<double>(2 * path.largest * int64_t(size_));
  return log_survival_[k] + share * (log_survival_[k + 1] - log_survival_[k]);
}

std::unique_ptr<ChangeStatistic> Make(const std::vector<double>&,
                                      const StatisticParameters& given) {
  return std::make_unique<Kswin>(Complete(given));
}

// The evidence of the least distance with p <= alpha.
double ClassicThreshold(const StatisticParameters& given) {
  const StatisticParameters all = Complete(given);
  const int64_t n = WholeParameter("kswin", all, "stat_size");
  const std::vector<double> log_survival = LogSurvival(n);
  for (int64_t k = 1; k <= n; ++k) {
    const double evidence = log_survival[static_cast<size_t>(k)];
    const double distance = static_cast<double>(k) / static_cast<double>(n);
    if (std::exp(-evidence) <= all.at("alpha") &&
        distance > all.at("min_distance")) {
      return evidence;
    }
  }
  return kInfinity;
}

double NoWarning(const StatisticParameters&) { return kInfinity; }

}  // namespace

StatisticEntry KswinStatistic() {
  return {"kswin",
          "Kolmogorov-Smirnov test within a window (Raab et al. 2020)",
          StreamKind::kReal,
          Parameters(),
          Make,
          ClassicThreshold,
          NoWarning};
}

}  // namespace airlock
