#include "agents/policy/policy_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "sim/base/file.h"

namespace airlock {
namespace {

std::string Actions(const EnvSpec& spec) {
  if (spec.action.discrete()) {
    return fmt::format("choices of {}", fmt::join(spec.action.choices, ", "));
  }
  std::vector<std::string> names;
  for (const EnvField& field : spec.action.fields) names.push_back(field.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Policy LoadPolicy(const std::string& path) {
  try {
    return Policy::FromJson(nlohmann::json::parse(ReadFile(path)));
  } catch (const nlohmann::json::exception& error) {
    throw PolicyError(fmt::format("{}: {}", path, error.what()));
  } catch (const Error& error) {
    throw PolicyError(fmt::format("{}: {}", path, error.what()));
  }
}

void CheckFits(const Policy& policy, const EnvSpec& expected,
               const std::string& path) {
  if (policy.spec().LayoutDigest() == expected.LayoutDigest()) return;
  throw PolicyError(
      fmt::format("{}: a policy of '{}' that sets {}; here '{}' sets {}", path,
                  policy.spec().name, Actions(policy.spec()), expected.name,
                  Actions(expected)));
}

}  // namespace airlock
