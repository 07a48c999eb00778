#include "data/testbed/plan.h"

#include <cmath>
#include <fstream>
#include <sstream>

#include "data/testbed/frame.h"
#include "data/testbed/process.h"

namespace airlock::testbed {

namespace {

PlanStep ParseStep(const std::string& line, size_t sizes,
                   const std::string& where) {
  std::istringstream in(line);
  PlanStep step{};
  double total = 0;
  in >> step.packet_rate;
  for (size_t i = 0; i < sizes; ++i) {
    double share = -1;
    in >> share;
    if (!(share >= 0)) throw InputError(where + "size share below 0");
    step.size_shares.push_back(share);
    total += share;
  }
  in >> step.cpu >> step.cache >> step.memory >> step.io;
  std::string rest;
  if (!in || in >> rest) throw InputError(where + "wrong number of columns");
  if (!(step.packet_rate >= 0) || step.packet_rate > 1e6) {
    throw InputError(where + "packet rate outside 0..1e6 packet/s");
  }
  if (std::fabs(total - 1) > 1e-3) {
    throw InputError(where + "size shares do not sum to 1");
  }
  return step;
}

}  // namespace

double Plan::MeanFrameBytes(size_t step) const {
  double mean = 0;
  for (size_t i = 0; i < frame_sizes.size(); ++i) {
    mean += steps[step].size_shares[i] * frame_sizes[i];
  }
  return mean;
}

Plan ReadPlan(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw InputError(path + ": cannot open");
  Plan plan;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string where = path + ":" + std::to_string(number) + ": ";
    std::istringstream in(line);
    std::string key;
    in >> key;
    if (key.empty() || key[0] == '#') continue;
    if (key == "step") {
      in >> plan.step_seconds;
    } else if (key == "sizes") {
      for (int size; in >> size;) {
        if (size < int{kMinFrameBytes} || size > int{kMaxFrameBytes}) {
          throw InputError(where + "frame size outside 66..1514 B");
        }
        plan.frame_sizes.push_back(size);
      }
    } else {
      plan.steps.push_back(ParseStep(line, plan.frame_sizes.size(), where));
    }
  }
  if (!(plan.step_seconds >= 0.01) || plan.frame_sizes.empty() ||
      plan.steps.empty()) {
    throw InputError(path + ": needs step >= 0.01 s, sizes and steps");
  }
  return plan;
}

}  // namespace airlock::testbed
