#include "twin/drift/null_model.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "sim/base/error.h"
#include "sim/stats/two_sample.h"

namespace airlock {
namespace {

constexpr size_t kMostLevels = 8;
constexpr size_t kLongestMemory = 3;  // samples of a Markov chain
constexpr double kLevel = 0.01;       // of tests for independence

std::vector<double> ColumnOf(const std::vector<double>& rows, int64_t columns,
                             int64_t column) {
  std::vector<double> values;
  for (size_t i = static_cast<size_t>(column); i < rows.size();
       i += static_cast<size_t>(columns)) {
    values.push_back(rows[i]);
  }
  return values;
}

std::vector<double> LevelsOf(const std::vector<double>& series) {
  std::set<double> levels;
  for (const double value : series) {
    if (!std::isnan(value)) levels.insert(value);
    if (levels.size() > kMostLevels) break;
  }
  return {levels.begin(), levels.end()};
}

bool HasMissing(const std::vector<double>& series) {
  return std::any_of(series.begin(), series.end(),
                     [](double value) { return std::isnan(value); });
}

// The ends of the interval that stands for one value of the reference.
struct Cell {
  double low;
  double high;
};

void FillCells(const std::vector<double>& series, size_t column, size_t columns,
               std::vector<Cell>* cells) {
  for (size_t t = 0; t < series.size(); ++t) {
    (*cells)[t * columns + column] = {series[t], series[t]};
  }
  if (!IsContinuous(series)) return;
  std::vector<double> sorted;
  for (const double value : series) {
    if (!std::isnan(value)) sorted.push_back(value);
  }
  std::sort(sorted.begin(), sorted.end());
  for (size_t t = 0; t < series.size(); ++t) {
    if (std::isnan(series[t])) continue;
    const auto lower =
        std::lower_bound(sorted.begin(), sorted.end(), series[t]);
    const auto upper = std::upper_bound(lower, sorted.end(), series[t]);
    const double value = series[t];
    const double below = lower == sorted.begin()
                             ? (upper == sorted.end() ? 0 : *upper - value)
                             : value - *(lower - 1);
    const double above = upper == sorted.end()
                             ? (lower == sorted.begin() ? 0 : below)
                             : *upper - value;
    (*cells)[t * columns + column] = {value - below / 2, value + above / 2};
  }
}

class BlockModel : public NullModel {
 public:
  BlockModel(const std::vector<double>& reference, int64_t columns,
             int64_t block)
      : cells_(reference.size()),
        columns_(static_cast<size_t>(columns)),
        rows_(reference.size() / static_cast<size_t>(columns)),
        block_(block) {
    for (int64_t j = 0; j < columns; ++j) {
      FillCells(ColumnOf(reference, columns, j), static_cast<size_t>(j),
                columns_, &cells_);
    }
  }

  std::unique_ptr<NullStream> Open(RngStream rng) const override {
    return std::make_unique<Stream>(*this, rng);
  }
  bool independent() const override { return block_ == 1; }
  std::string description() const override {
    return block_ == 1 ? "independent samples"
                       : fmt::format("moving blocks of {}", block_);
  }

 private:
  class Stream : public NullStream {
   public:
    Stream(const BlockModel& model, RngStream rng) : model_(model), rng_(rng) {}
    void Next(double* row) override {
      if (left_ == 0) {
        position_ = static_cast<size_t>(rng_.UniformInt(model_.rows_));
        left_ = model_.block_;
      }
      const Cell* cells = model_.cells_.data() + position_ * model_.columns_;
      for (size_t j = 0; j < model_.columns_; ++j) {
        const Cell& cell = cells[j];
        row[j] =
            cell.high > cell.low ? rng_.Uniform(cell.low, cell.high) : cell.low;
      }
      position_ = position_ + 1 == model_.rows_ ? 0 : position_ + 1;
      --left_;
    }

   private:
    const BlockModel& model_;
    RngStream rng_;
    size_t position_ = 0;
    int64_t left_ = 0;
  };

  std::vector<Cell> cells_;  // row-major
  size_t columns_;
  size_t rows_;
  int64_t block_;
};

class MarkovModel : public NullModel {
 public:
  explicit MarkovModel(const std::vector<double>& series);

  std::unique_ptr<NullStream> Open(RngStream rng) const override {
    return std::make_unique<Stream>(*this, rng);
  }
  bool independent() const override { return memory_ == 0; }
  std::string description() const override {
    return memory_ == 0 ? "independent samples"
                        : fmt::format("Markov chain of order {} over {} values",
                                      memory_, levels_.size());
  }

 private:
  // How often each level followed each context: the last `memory` levels as
  // digits.
  std::vector<double> Counts(const std::vector<size_t>& states,
                             size_t memory) const;
  size_t Contexts(size_t memory) const {
    size_t contexts = 1;
    for (size_t k = 0; k < memory; ++k) contexts *= levels_.size();
    return contexts;
  }

  class Stream : public NullStream {
   public:
    Stream(const MarkovModel& model, RngStream rng) : model_(model), rng_(rng) {
      context_ = model_.contexts_seen_[static_cast<size_t>(
          rng_.UniformInt(model_.contexts_seen_.size()))];
    }
    void Next(double* row) override {
      const size_t levels = model_.levels_.size();
      const double* law = model_.cumulative_.data() + context_ * levels;
      const double pick = rng_.Uniform() * law[levels - 1];
      size_t state = 0;
      while (state + 1 < levels && pick >= law[state]) ++state;
      row[0] = model_.levels_[state];
      context_ = (context_ * levels + state) % model_.contexts_;
    }

   private:
    const MarkovModel& model_;
    RngStream rng_;
    size_t context_ = 0;
  };

  std::vector<double> levels_;
  size_t memory_ = 0;
  size_t contexts_ = 1;
  std::vector<double> cumulative_;     // context x level
  std::vector<size_t> contexts_seen_;  // in the reference, in time order
};

MarkovModel::MarkovModel(const std::vector<double>& series)
    : levels_(LevelsOf(series)) {
  std::vector<size_t> states;
  for (const double value : series) {
    states.push_back(static_cast<size_t>(
        std::lower_bound(levels_.begin(), levels_.end(), value) -
        levels_.begin()));
  }
  double least = INFINITY;
  for (size_t memory = 0; memory <= kLongestMemory; ++memory) {
    const std::vector<double> counts = Counts(states, memory);
    const double levels = static_cast<double>(levels_.size());
    double criterion = 0;
    for (size_t c = 0; c < Contexts(memory); ++c) {
      double total = 0;
      for (size_t s = 0; s < levels_.size(); ++s) {
        total += counts[c * levels_.size() + s];
      }
      if (total == 0) continue;
      criterion += (levels - 1) * std::log(static_cast<double>(states.size()));
      for (size_t s = 0; s < levels_.size(); ++s) {
        const double count = counts[c * levels_.size() + s];
        if (count > 0) criterion -= 2 * count * std::log(count / total);
      }
    }
    if (criterion >= least) continue;
    least = criterion;
    memory_ = memory;
    cumulative_ = counts;
  }
  contexts_ = Contexts(memory_);
  const std::vector<double> shares = Counts(states, 0);
  for (size_t c = 0; c < contexts_; ++c) {
    double* counts = cumulative_.data() + c * levels_.size();
    // The context in which the reference ends may have no other sample.
    if (*std::max_element(counts, counts + levels_.size()) == 0) {
      std::copy(shares.begin(), shares.end(), counts);
    }
    for (size_t s = 1; s < levels_.size(); ++s) counts[s] += counts[s - 1];
  }
  size_t context = 0;
  for (size_t t = 0; t < states.size(); ++t) {
    if (t >= memory_) contexts_seen_.push_back(context);
    context = (context * levels_.size() + states[t]) % contexts_;
  }
}

std::vector<double> MarkovModel::Counts(const std::vector<size_t>& states,
                                        size_t memory) const {
  std::vector<double> counts(Contexts(memory) * levels_.size(), 0);
  size_t context = 0;
  for (size_t t = 0; t < states.size(); ++t) {
    // Every order is judged on the same samples.
    if (t >= kLongestMemory) counts[context * levels_.size() + states[t]] += 1;
    context = (context * levels_.size() + states[t]) % Contexts(memory);
  }
  return counts;
}

// Of the normal scores: how much a stream varies at each time.
std::vector<double> DistancesFromMiddle(const std::vector<double>& series) {
  std::vector<double> distances = NormalScores(series);
  for (size_t t = 0; t < series.size(); ++t) {
    distances[t] = std::isnan(series[t]) ? series[t] : std::abs(distances[t]);
  }
  return distances;
}

using Kind = NullModelOptions::Kind;

Kind ChooseKind(const std::vector<double>& reference, int64_t columns) {
  bool independent = true;
  for (int64_t j = 0; j < columns; ++j) {
    const std::vector<double> series = ColumnOf(reference, columns, j);
    if (columns == 1 && !HasMissing(series) &&
        LevelsOf(series).size() <= kMostLevels) {
      return Kind::kMarkov;
    }
    // The columns share the risk of a false finding.
    independent =
        independent &&
        LooksIndependent(series, 0, kLevel / static_cast<double>(columns));
  }
  return independent ? Kind::kIndependent : Kind::kBlock;
}

}  // namespace

const char* ToString(Kind kind) {
  switch (kind) {
    case Kind::kAuto:
      return "auto";
    case Kind::kIndependent:
      return "independent";
    case Kind::kBlock:
      return "block";
    case Kind::kMarkov:
      return "markov";
  }
  return "";
}

bool IsContinuous(const std::vector<double>& series) {
  std::vector<double> sorted;
  for (const double value : series) {
    if (!std::isnan(value)) sorted.push_back(value);
  }
  std::sort(sorted.begin(), sorted.end());
  const auto distinct =
      std::unique(sorted.begin(), sorted.end()) - sorted.begin();
  return static_cast<double>(distinct) >
         0.9 * static_cast<double>(sorted.size());
}

bool LooksIndependent(const std::vector<double>& series, int64_t fitted,
                      double level) {
  constexpr int64_t kLags = 20;
  if (PortmanteauP(series, kLags, fitted) < level) return false;
  return PortmanteauP(DistancesFromMiddle(series), kLags, 0) >= level;
}

bool LooksSteady(const std::vector<double>& series, double level) {
  const double critical = CramerVonMisesCritical(level / 2);
  const int64_t bandwidth = AutomaticBlock(series, 1);
  return LevelStatistic(NormalScores(series), bandwidth) < critical &&
         LevelStatistic(DistancesFromMiddle(series), bandwidth) < critical;
}

int64_t AutomaticBlock(const std::vector<double>& reference, int64_t columns) {
  double slowest = 1;
  for (int64_t j = 0; j < columns; ++j) {
    const std::vector<double> series = ColumnOf(reference, columns, j);
    slowest = std::max({slowest, AutocorrelationTime(series),
                        AutocorrelationTime(DistancesFromMiddle(series))});
  }
  const int64_t rows = static_cast<int64_t>(reference.size()) / columns;
  return std::max<int64_t>(
      1, std::min(static_cast<int64_t>(20 * slowest), rows / 8));
}

std::unique_ptr<NullModel> MakeNullModel(const std::vector<double>& reference,
                                         int64_t columns,
                                         const NullModelOptions& options) {
  AIRLOCK_CHECK(columns > 0 && !reference.empty());
  const int64_t rows = static_cast<int64_t>(reference.size()) / columns;
  if (options.block < 0 || options.block > rows) {
    throw InputError(
        fmt::format("null model: block {} must lie within 0 and the {} samples "
                    "of the reference",
                    options.block, rows));
  }
  Kind kind = options.kind;
  if (kind == Kind::kAuto) {
    kind = options.block > 0 ? Kind::kBlock : ChooseKind(reference, columns);
  }
  if (kind == Kind::kMarkov) {
    if (columns != 1 || HasMissing(reference) ||
        LevelsOf(reference).size() > kMostLevels) {
      throw InputError(
          fmt::format("null model: a Markov chain is for one feature of at "
                      "most {} different values, none missing",
                      kMostLevels));
    }
    return std::make_unique<MarkovModel>(reference);
  }
  int64_t block = 1;
  if (kind == Kind::kBlock) {
    block =
        options.block > 0 ? options.block : AutomaticBlock(reference, columns);
  }
  return std::make_unique<BlockModel>(reference, columns, block);
}

}  // namespace airlock
