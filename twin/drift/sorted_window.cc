#include "twin/drift/sorted_window.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace airlock {
namespace {

// How many of `sorted`, from number `first` on but at most `length`, satisfy
// `before`, which holds for a leading part; plus `first`.
template <typename Sequence, typename Before>
int64_t CountLeading(const Sequence& sorted, size_t first, size_t length,
                     const Before& before) {
  while (length > 0) {
    const size_t half = (length + 1) / 2;
    first += before(sorted[first + half - 1]) ? half : 0;
    length -= half;
  }
  return static_cast<int64_t>(first);
}

constexpr size_t kCoarse = 16;

// The same of all of `sorted`, whose every 16th value is in `coarse`.
template <typename Before>
int64_t CountLeading(const std::vector<double>& sorted,
                     const std::vector<double>& coarse, const Before& before) {
  const size_t blocks =
      static_cast<size_t>(CountLeading(coarse, 0, coarse.size(), before));
  const size_t first = blocks == 0 ? 0 : (blocks - 1) * kCoarse;
  return CountLeading(sorted, first, std::min(kCoarse, sorted.size() - first),
                      before);
}

}  // namespace

ReferenceSample::ReferenceSample(std::vector<double> values) {
  AIRLOCK_CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const size_t count = values.size();
  const size_t most = static_cast<size_t>(kMost);
  if (count > most) {
    for (size_t i = 0; i < most; ++i) {
      sorted_.push_back(values[(2 * i + 1) * count / (2 * most)]);
    }
  } else {
    sorted_ = std::move(values);
  }
  const size_t n = sorted_.size();
  for (size_t i = 0; i < n; i += kCoarse) coarse_.push_back(sorted_[i]);
  median_ = sorted_[n / 2];
  sums_.push_back(0);
  double differences = 0;  // sum over i < j of x_j - x_i
  for (size_t i = 0; i < n; ++i) {
    const double centred = sorted_[i] - median_;
    sums_.push_back(sums_.back() + centred);
    differences +=
        (2 * static_cast<double>(i) - static_cast<double>(n - 1)) * centred;
  }
  mean_distance_ =
      2 * differences / (static_cast<double>(n) * static_cast<double>(n));
  step_sums_.push_back(0);
  step_squares_.push_back(0);
  for (size_t first = 0, last; first < n; first = last) {
    last = first;
    while (last < n && sorted_[last] == sorted_[first]) ++last;
    const double before = static_cast<double>(first);
    const double after = static_cast<double>(last);
    for (size_t i = first; i < last; ++i) {
      step_sums_.push_back(step_sums_.back() + (before + after) / 2);
      step_squares_.push_back(step_squares_.back() +
                              (before * before + after * after) / 2);
    }
  }
}

double ReferenceSample::SquaredSteps(int64_t first, int64_t last,
                                     double level) const {
  const size_t from = static_cast<size_t>(first);
  const size_t to = static_cast<size_t>(last);
  const double n = static_cast<double>(size());
  return (step_squares_[to] - step_squares_[from]) / (n * n) -
         2 * level * (step_sums_[to] - step_sums_[from]) / n +
         level * level * static_cast<double>(last - first);
}

int64_t ReferenceSample::Below(double value) const {
  return CountLeading(sorted_, coarse_,
                      [value](double x) { return x < value; });
}

int64_t ReferenceSample::UpTo(double value) const {
  return CountLeading(sorted_, coarse_,
                      [value](double x) { return x <= value; });
}

double ReferenceSample::MeanDistance(double value, int64_t below) const {
  const double centred = value - median_;
  const double n = static_cast<double>(size());
  const double left = static_cast<double>(below);
  const double sum_left = sums_[static_cast<size_t>(below)];
  return (centred * (2 * left - n) + sums_.back() - 2 * sum_left) / n;
}

double ReferenceSample::MedianDistance() const {
  const int64_t n = size();
  if (n < 2) return 0;
  const int64_t wanted = (n * (n - 1) / 2 + 1) / 2;
  const auto pairs_within = [&](double limit) {
    int64_t pairs = 0;
    size_t i = 0;
    for (size_t j = 0; j < sorted_.size(); ++j) {
      while (sorted_[j] - sorted_[i] > limit) ++i;
      pairs += static_cast<int64_t>(j - i);
    }
    return pairs;
  };
  if (pairs_within(0) >= wanted) return 0;
  double low = 0, high = sorted_.back() - sorted_.front();
  for (int i = 0; i < 100; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (pairs_within(middle) >= wanted ? high : low) = middle;
  }
  return high;
}

void SortedWindow::Push(double value) {
  const int64_t below = reference_->Below(value);
  const auto& reference = reference_->sorted();
  size_t up_to = static_cast<size_t>(below);
  if (up_to < reference.size() && reference[up_to] == value) {
    up_to = static_cast<size_t>(reference_->UpTo(value));
  }
  const Value entry = {value, static_cast<int32_t>(below),
                       static_cast<int32_t>(up_to)};
  const auto position = [this](double x) {
    return CountLeading(sorted_, 0, sorted_.size(),
                        [x](const Value& v) { return v.value < x; });
  };
  const auto begin = sorted_.begin();
  if (!full()) {
    sorted_.insert(begin + position(value), entry);
    ring_.push_back(value);
    return;
  }
  const int64_t gone = position(ring_[oldest_]);
  const int64_t place = position(value);
  if (place > gone) {
    std::move(begin + gone + 1, begin + place, begin + gone);
    sorted_[static_cast<size_t>(place - 1)] = entry;
  } else {
    std::move_backward(begin + place, begin + gone, begin + gone + 1);
    sorted_[static_cast<size_t>(place)] = entry;
  }
  ring_[oldest_] = value;
  oldest_ = oldest_ + 1 == ring_.size() ? 0 : oldest_ + 1;
}

void SortedWindow::Reset() {
  sorted_.clear();
  ring_.clear();
  sorted_.reserve(static_cast<size_t>(window_));
  ring_.reserve(static_cast<size_t>(window_));
  oldest_ = 0;
}

std::vector<double> SortedWindow::Contents() const {
  std::vector<double> contents(ring_.begin() + static_cast<int64_t>(oldest_),
                               ring_.end());
  contents.insert(contents.end(), ring_.begin(),
                  ring_.begin() + static_cast<int64_t>(oldest_));
  return contents;
}

double SortedWindow::KolmogorovSmirnovD() const {
  const double n = static_cast<double>(reference_->size());
  const double w = static_cast<double>(window_);
  // The reference is above just before a value of the window, below just after;
  // among equal values the first and the last decide.
  double largest = 0;
  double index = 0;
  for (const Value& v : sorted_) {
    const double above = v.below / n - index / w;
    index += 1;
    const double below = index / w - v.up_to / n;
    largest = std::max(largest, std::max(above, below));
  }
  return largest;
}

double SortedWindow::CramerVonMisesT() const {
  const double n = static_cast<double>(reference_->size());
  const double w = static_cast<double>(window_);
  double sum = 0;
  int64_t passed = 0;  // values of the reference so far
  double level = 0;    // share of the window so far
  for (size_t first = 0, last; first < sorted_.size(); first = last) {
    last = first + 1;
    while (last < sorted_.size() &&
           sorted_[last].value == sorted_[first].value) {
      ++last;
    }
    const int64_t below = sorted_[first].below;
    const int64_t up_to = sorted_[first].up_to;
    sum += reference_->SquaredSteps(passed, below, level);
    const double before = static_cast<double>(below) / n - level;
    level = static_cast<double>(last) / w;
    const double after = static_cast<double>(up_to) / n - level;
    const double values =
        static_cast<double>(up_to - below) + static_cast<double>(last - first);
    sum += values * (before * before + after * after) / 2;
    passed = up_to;
  }
  sum += reference_->SquaredSteps(passed, reference_->size(), level);
  return n * w / ((n + w) * (n + w)) * sum;
}

double SortedWindow::MeanDistance() const {
  double sum = 0;
  for (const Value& v : sorted_) {
    sum += reference_->MeanDistance(v.value, v.below);
  }
  return sum / static_cast<double>(window_);
}

double SortedWindow::Spread() const {
  const double w = static_cast<double>(window_);
  double differences = 0;  // sum over i < j of y_j - y_i
  double weight = 1 - w;
  for (const Value& v : sorted_) {
    differences += weight * (v.value - reference_->median());
    weight += 2;
  }
  return reference_->mean_distance() + 2 * differences / (w * w);
}

}  // namespace airlock
