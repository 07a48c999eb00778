#include "agents/evaluation/decision_log.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>

#include "sim/base/error.h"
#include "sim/base/file.h"

namespace airlock {
namespace {

constexpr double kSumTolerance = 1e-6;

// What is wrong with a decision; empty: nothing.
std::string DefectOf(const LoggedDecision& one, const DecisionLog& log) {
  if (!(one.propensity > 0 && one.propensity <= 1)) {
    return fmt::format("a propensity of {}; allowed above 0, to 1",
                       one.propensity);
  }
  if (!std::isfinite(one.reward)) {
    return fmt::format("a reward of {}", one.reward);
  }
  if (one.action < 0 || one.action >= log.actions) {
    return fmt::format("action {} of {}; they count from 0", one.action,
                       log.actions);
  }
  for (size_t f = 0; f < one.features.size(); ++f) {
    if (std::isfinite(one.features[f])) continue;
    return fmt::format("feature {} is {}", log.features[f], one.features[f]);
  }
  double sum = 0;
  for (const double p : one.target) {
    if (!(p >= 0)) return fmt::format("a target's probability of {}", p);
    sum += p;
  }
  if (std::abs(sum - 1) <= kSumTolerance) return "";
  return fmt::format("the target's probabilities add up to {}", sum);
}

std::vector<std::string> SplitRow(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) {
    while (!cell.empty() && (cell.back() == ' ' || cell.back() == '\r')) {
      cell.pop_back();
    }
    cells.push_back(
        cell.substr(std::min(cell.find_first_not_of(' '), cell.size())));
  }
  return cells;
}

// Where the columns of a log are.
struct Columns {
  size_t episode, step, action, propensity, reward;
  std::vector<size_t> features;
  std::vector<size_t> target;
  size_t count = 0;
};

Columns FindColumns(const std::vector<std::string>& header,
                    const std::string& name, DecisionLog* log) {
  std::map<std::string, size_t> at;
  for (size_t k = 0; k < header.size(); ++k) {
    if (!at.emplace(header[k], k).second) {
      throw InputError(
          fmt::format("{}:1: column '{}' comes twice", name, header[k]));
    }
  }
  const auto find = [&](const std::string& column) {
    const auto found = at.find(column);
    if (found != at.end()) return found->second;
    throw InputError(fmt::format(
        "{}:1: there is no column '{}'; a log of decisions has episode, step, "
        "action, propensity, reward, x.NAME... and p.0, p.1, ...",
        name, column));
  };
  Columns columns{find("episode"),
                  find("step"),
                  find("action"),
                  find("propensity"),
                  find("reward"),
                  {},
                  {},
                  header.size()};
  find("p.0");
  while (at.count(fmt::format("p.{}", columns.target.size())) > 0) {
    columns.target.push_back(at.at(fmt::format("p.{}", columns.target.size())));
  }
  for (size_t k = 0; k < header.size(); ++k) {
    if (header[k].rfind("x.", 0) != 0) continue;
    columns.features.push_back(k);
    log->features.push_back(header[k].substr(2));
  }
  const size_t known = 5 + columns.target.size() + columns.features.size();
  for (const auto& [column, k] : at) {
    const bool used = k == columns.episode || k == columns.step ||
                      k == columns.action || k == columns.propensity ||
                      k == columns.reward || column.rfind("x.", 0) == 0 ||
                      std::find(columns.target.begin(), columns.target.end(),
                                k) != columns.target.end();
    if (known != header.size() && !used) {
      throw InputError(fmt::format("{}:1: unknown column '{}'", name, column));
    }
  }
  log->actions = static_cast<int64_t>(columns.target.size());
  return columns;
}

double NumberOf(const std::string& cell, const std::string& place) {
  char* end = nullptr;
  const double value = std::strtod(cell.c_str(), &end);
  if (cell.empty() || *end != '\0') {
    throw InputError(fmt::format("{}: '{}' is no number", place, cell));
  }
  return value;
}

int64_t WholeOf(const std::string& cell, const std::string& place) {
  const double value = NumberOf(cell, place);
  if (value != std::floor(value) || std::abs(value) > 1e15) {
    throw InputError(fmt::format("{}: '{}' is no whole number", place, cell));
  }
  return static_cast<int64_t>(value);
}

}  // namespace

int64_t DecisionLog::decisions() const {
  int64_t count = 0;
  for (const auto& episode : episodes) {
    count += static_cast<int64_t>(episode.size());
  }
  return count;
}

int64_t DecisionLog::horizon() const {
  size_t most = 0;
  for (const auto& episode : episodes) most = std::max(most, episode.size());
  return static_cast<int64_t>(most);
}

void CheckLog(const DecisionLog& log) {
  for (size_t e = 0; e < log.episodes.size(); ++e) {
    if (log.episodes[e].empty()) {
      throw InputError(fmt::format("episode {} of the log has no step", e));
    }
    for (size_t t = 0; t < log.episodes[e].size(); ++t) {
      const LoggedDecision& one = log.episodes[e][t];
      AIRLOCK_CHECK(one.features.size() == log.features.size());
      AIRLOCK_CHECK(static_cast<int64_t>(one.target.size()) == log.actions);
      const std::string defect = DefectOf(one, log);
      if (defect.empty()) continue;
      throw InputError(
          fmt::format("episode {} of the log, step {}: {}", e, t, defect));
    }
  }
}

DecisionLog ParseDecisionLog(const std::string& text, const std::string& name) {
  DecisionLog log;
  std::istringstream stream(text);
  std::string line;
  if (!std::getline(stream, line)) {
    throw InputError(name + ": the log is empty");
  }
  const Columns columns = FindColumns(SplitRow(line), name, &log);
  int64_t episode = 0;
  std::map<int64_t, bool> seen;
  for (int64_t number = 2; std::getline(stream, line); ++number) {
    if (line.empty() || line == "\r") continue;
    const std::string place = fmt::format("{}:{}", name, number);
    const std::vector<std::string> cells = SplitRow(line);
    if (cells.size() != columns.count) {
      throw InputError(fmt::format("{}: {} values in {} columns", place,
                                   cells.size(), columns.count));
    }
    const int64_t of = WholeOf(cells[columns.episode], place);
    if (log.episodes.empty() || of != episode) {
      if (seen.count(of) > 0) {
        throw InputError(
            fmt::format("{}: episode {} goes on after another one", place, of));
      }
      seen[of] = true;
      episode = of;
      log.episodes.emplace_back();
    }
    const auto step = static_cast<int64_t>(log.episodes.back().size());
    if (WholeOf(cells[columns.step], place) != step) {
      throw InputError(
          fmt::format("{}: step {} of episode {} where step {} "
                      "is due",
                      place, cells[columns.step], of, step));
    }
    LoggedDecision one;
    one.action = WholeOf(cells[columns.action], place);
    one.propensity = NumberOf(cells[columns.propensity], place);
    one.reward = NumberOf(cells[columns.reward], place);
    for (const size_t k : columns.features) {
      one.features.push_back(NumberOf(cells[k], place));
    }
    for (const size_t k : columns.target) {
      one.target.push_back(NumberOf(cells[k], place));
    }
    const std::string defect = DefectOf(one, log);
    if (!defect.empty()) throw InputError(place + ": " + defect);
    log.episodes.back().push_back(std::move(one));
  }
  if (log.episodes.empty()) throw InputError(name + ": the log is empty");
  return log;
}

DecisionLog ReadDecisionLog(const std::string& path) {
  return ParseDecisionLog(ReadFile(path), path);
}

}  // namespace airlock
