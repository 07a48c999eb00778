#include "twin/gate/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kEvery = 10;

Column* FindColumn(Trace* trace, const std::string& name) {
  for (Column& column : trace->columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

bool Same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

// How many answers about the same origins differ.
void Compare(const Answers& before, const Answers& after, int64_t* asked,
             int64_t* changed) {
  const auto& a = before.predictions;
  const auto& b = after.predictions;
  size_t j = 0;
  for (size_t i = 0; i < a.origin.size(); ++i) {
    while (j < b.origin.size() && b.origin[j] < a.origin[i]) ++j;
    if (j == b.origin.size()) return;
    if (b.origin[j] != a.origin[i]) continue;
    ++*asked;
    if (!Same(a.value[i], b.value[j])) ++*changed;
  }
}

// The samples that a probe asks about, with what an answer may depend on before
// them; `begin` becomes the first of them in the part.
Trace PartFrom(const Trace& trace, const Predictor& predictor, int64_t* begin,
               int64_t questions) {
  const int64_t first = std::max<int64_t>(0, *begin - predictor.history() - 1);
  const int64_t end = std::min(trace.samples(), *begin + questions);
  *begin -= first;
  return trace.Slice(first, end);
}

bool IsNamed(const std::vector<std::string>& named, const std::string& input) {
  return std::count(named.begin(), named.end(), input) > 0;
}

// The inputs, those that are named first, at most `most`.
std::vector<std::string> Chosen(const Predictor& predictor,
                                const std::vector<std::string>& named,
                                int64_t most) {
  std::vector<std::string> inputs = predictor.Inputs();
  std::stable_partition(
      inputs.begin(), inputs.end(),
      [&](const std::string& input) { return IsNamed(named, input); });
  if (static_cast<int64_t>(inputs.size()) > most) {
    inputs.resize(static_cast<size_t>(most));
  }
  return inputs;
}

// The values in an order that leaves none of several where it was.
std::vector<double> Exchanged(const std::vector<double>& values,
                              RngStream* rng) {
  std::vector<double> other = values;
  for (size_t i = other.size(); i > 1; --i) {
    std::swap(other[i - 1], other[static_cast<size_t>(rng->UniformInt(i - 1))]);
  }
  return other;
}

// Copies of one sample of `trace`, `count` of them, at its own interval.
Trace Repeated(const Trace& trace, int64_t sample, int64_t count) {
  Trace repeated = trace.Slice(sample, sample + 1);
  const double interval =
      trace.samples() < 2 ? 1 : trace.time_seconds[1] - trace.time_seconds[0];
  for (int64_t i = 1; i < count; ++i) {
    repeated.time_seconds.push_back(repeated.time_seconds[0] +
                                    static_cast<double>(i) * interval);
  }
  for (Column& column : repeated.columns) {
    column.values.assign(static_cast<size_t>(count), column.values[0]);
  }
  return repeated;
}

struct Range {
  double low = kNaN;
  double high = kNaN;
};

Range RangeOf(const Column& column) {
  Range range;
  for (const double value : column.values) {
    if (!std::isfinite(value)) continue;
    if (!(range.low <= value)) range.low = value;
    if (!(range.high >= value)) range.high = value;
  }
  return range;
}

}  // namespace

std::vector<InputUse> ProbeInputs(Predictor* predictor, const Trace& trace,
                                  int64_t begin, int64_t questions,
                                  const std::vector<std::string>& named,
                                  int64_t most, RngStream* rng) {
  const Trace part = PartFrom(trace, *predictor, &begin, questions);
  const Answers before = predictor->Answer(part, begin, part.samples());
  std::vector<InputUse> uses;
  for (const std::string& input : Chosen(*predictor, named, most)) {
    Trace other = part;
    Column* const column = FindColumn(&other, input);
    if (column == nullptr) continue;
    // From all of the trace: what hardly moves here may do so elsewhere.
    const Column& whole = trace.Get(input);
    std::vector<double> pool = Exchanged(whole.values, rng);
    for (size_t i = 0; i < column->values.size(); ++i) {
      column->values[i] = pool[i];
    }
    InputUse use;
    use.input = input;
    use.named = IsNamed(named, input);
    Compare(before, predictor->Answer(other, begin, part.samples()), &use.asked,
            &use.changed);
    uses.push_back(std::move(use));
  }
  return uses;
}

QuestionUse ProbeQuestion(Predictor* predictor, const Trace& trace,
                          int64_t begin, int64_t questions, RngStream* rng) {
  const Trace part = PartFrom(trace, *predictor, &begin, questions);
  Trace other = part;
  for (int64_t t = begin + kEvery - 1; t < part.samples(); t += kEvery) {
    const auto from = static_cast<size_t>(
        rng->UniformInt(static_cast<uint64_t>(trace.samples())));
    for (size_t c = 0; c < other.columns.size(); ++c) {
      other.columns[c].values[static_cast<size_t>(t)] =
          trace.columns[c].values[from];
    }
  }
  const Answers before = predictor->Answer(part, begin, part.samples());
  const Answers after = predictor->Answer(other, begin, part.samples());
  QuestionUse use;
  const auto& origins = before.predictions.origin;
  for (size_t i = 0; i + 1 < origins.size(); ++i) {
    if (i + 1 >= after.predictions.origin.size() ||
        origins[i] != after.predictions.origin[i]) {
      break;
    }
    if ((origins[i] - begin) % kEvery != kEvery - 1) continue;
    const auto changed = [&](size_t k) {
      return !Same(before.predictions.value[k], after.predictions.value[k]);
    };
    ++use.replaced;
    if (changed(i)) {
      ++use.changed;
    } else if (changed(i + 1)) {
      ++use.changed_after;
    }
  }
  return use;
}

CornerProbe ProbeCorners(Predictor* predictor, const Trace& trace,
                         int64_t most) {
  const std::vector<std::string> inputs = Chosen(*predictor, {}, most);
  const auto kinds = static_cast<int64_t>(inputs.size());
  const int64_t settle = predictor->history() + 1;
  // Least and greatest of each, all least, all greatest; each missing.
  const int64_t corners = 2 * kinds + 2;
  const int64_t middle = trace.samples() / 2;
  Trace asked = Repeated(trace, middle, settle + corners);
  Trace missing = Repeated(trace, middle, settle + kinds);
  std::vector<std::string> names;
  for (int64_t k = 0; k < kinds; ++k) {
    const std::string& input = inputs[static_cast<size_t>(k)];
    Column* const column = FindColumn(&asked, input);
    const Range range = RangeOf(trace.Get(input));
    const auto set = [&](int64_t corner, double value) {
      column->values[static_cast<size_t>(settle + corner)] = value;
    };
    set(2 * k, range.low);
    set(2 * k + 1, range.high);
    set(corners - 2, range.low);
    set(corners - 1, range.high);
    names.push_back(fmt::format("{} at {:g}", input, range.low));
    names.push_back(fmt::format("{} at {:g}", input, range.high));
    FindColumn(&missing, input)->values[static_cast<size_t>(settle + k)] = kNaN;
  }
  names.push_back("all inputs at their least");
  names.push_back("all inputs at their greatest");
  CornerProbe probe;
  const Answers answers = predictor->Answer(asked, settle, asked.samples());
  for (size_t i = 0; i < answers.predictions.origin.size(); ++i) {
    const int64_t corner = answers.predictions.origin[i] - settle;
    ++probe.asked;
    if (std::isfinite(answers.predictions.value[i])) continue;
    ++probe.not_a_number;
    if (probe.first.empty()) probe.first = names[static_cast<size_t>(corner)];
  }
  const Answers without = predictor->Answer(missing, settle, missing.samples());
  predictor->ForgiveLast();
  for (const double value : without.predictions.value) {
    ++probe.missing_asked;
    if (!std::isfinite(value)) ++probe.missing_unanswered;
  }
  return probe;
}

LookupEvidence ProbeLookup(Predictor* predictor, const Trace& trace,
                           int64_t begin) {
  const Trace part = trace.Slice(begin, trace.samples());
  Trace turned = part;
  const auto count = static_cast<size_t>(part.samples());
  for (Column& column : turned.columns) {
    std::rotate(column.values.begin(), column.values.begin() + count / 2,
                column.values.end());
  }
  const Answers answers = predictor->Answer(turned, 0, turned.samples());
  const Predictions& told = answers.predictions;
  LookupEvidence lookup;
  double error_of_told = 0;
  double error_of_file = 0;
  for (size_t i = 0; i < told.origin.size(); ++i) {
    // The target of the file at this origin is that of the turned trace half a
    // turn later.
    const auto there =
        (static_cast<size_t>(told.origin[i]) + count - count / 2) % count;
    if (there >= told.observed.size() ||
        told.origin[there] != static_cast<int64_t>(there)) {
      continue;
    }
    const double file = told.observed[there];
    if (!std::isfinite(told.value[i]) || !std::isfinite(told.observed[i]) ||
        !std::isfinite(file)) {
      continue;
    }
    ++lookup.asked;
    error_of_told += std::abs(told.value[i] - told.observed[i]);
    error_of_file += std::abs(told.value[i] - file);
  }
  const double n = std::max<double>(1, static_cast<double>(lookup.asked));
  lookup.error_of_told = error_of_told / n;
  lookup.error_of_file = error_of_file / n;
  return lookup;
}

}  // namespace airlock
