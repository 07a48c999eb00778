#include "agents/env/env.h"

#include <numeric>

#include "sim/base/digest.h"
#include "sim/base/error.h"

namespace airlock {

int64_t ActionSpace::width() const {
  return static_cast<int64_t>(discrete() ? choices.size() : fields.size());
}

int64_t ActionSpace::all_choices() const {
  return std::accumulate(choices.begin(), choices.end(), int64_t{0});
}

std::string EnvSpec::LayoutDigest() const {
  Digest digest;
  const auto add = [&digest](const std::vector<EnvField>& fields) {
    digest.Add(static_cast<int64_t>(fields.size()));
    for (const EnvField& field : fields) {
      digest.Add(field.name);
      digest.Add(field.unit);
    }
  };
  add(observation);
  add(action.fields);
  digest.Add(static_cast<int64_t>(action.choices.size()));
  for (const int64_t count : action.choices) digest.Add(count);
  digest.Add(static_cast<int64_t>(action.masked));
  return digest.Hex();
}

void Env::Allow(uint8_t* /*allowed*/) const {
  AIRLOCK_CHECK(!spec().action.masked);
}

}  // namespace airlock
