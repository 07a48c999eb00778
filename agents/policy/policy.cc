#include "agents/policy/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr char kFormat[] = "airlock-policy 1";

struct DistributionName {
  ActionDistribution distribution;
  const char* name;
};
constexpr std::array<DistributionName, 4> kDistributions = {
    {{ActionDistribution::kCategorical, "categorical"},
     {ActionDistribution::kGaussian, "gaussian"},
     {ActionDistribution::kSquashedGaussian, "squashed-gaussian"},
     {ActionDistribution::kGreedy, "greedy"}}};

bool IsAllowed(const uint8_t* allowed, int64_t choice) {
  return allowed == nullptr || allowed[choice] != 0;
}

// The first of the largest that are allowed.
int64_t Largest(const double* values, const uint8_t* allowed, int64_t count) {
  int64_t best = -1;
  for (int64_t c = 0; c < count; ++c) {
    if (!IsAllowed(allowed, c)) continue;
    if (best < 0 || values[c] > values[best]) best = c;
  }
  AIRLOCK_CHECK(best >= 0, "no choice is allowed");
  return best;
}

// Log densities: a standard normal's at z, and of 1 - tanh(u)^2.
double LogNormalDensity(double z) {
  return -0.5 * z * z - 0.5 * std::log(2 * M_PI);
}
double LogTanhSlope(double u) {
  // log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2 u))
  const double softplus =
      std::max(-2 * u, 0.0) + std::log1p(std::exp(-std::abs(2 * u)));
  return 2 * (std::log(2.0) - u - softplus);
}

// Haarnoja et al.'s bounds.
double Deviation(double log_deviation) {
  return std::exp(std::clamp(log_deviation, -20.0, 2.0));
}

json BoundOf(double bound) {
  return std::isfinite(bound) ? json(bound) : json();
}

json FieldsToJson(const std::vector<EnvField>& fields) {
  json all = json::array();
  for (const EnvField& field : fields) {
    all.push_back({{"name", field.name},
                   {"unit", field.unit},
                   {"low", BoundOf(field.low)},
                   {"high", BoundOf(field.high)}});
  }
  return all;
}

std::vector<EnvField> FieldsFromJson(const json& all) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<EnvField> fields;
  for (const json& one : all) {
    const json& low = one.at("low");
    const json& high = one.at("high");
    fields.push_back({one.at("name"), one.at("unit"),
                      low.is_null() ? -kInfinity : low.get<double>(),
                      high.is_null() ? kInfinity : high.get<double>()});
  }
  return fields;
}

int64_t OutputsOf(const Policy::Parts& parts) {
  const ActionSpace& action = parts.spec.action;
  switch (parts.distribution) {
    case ActionDistribution::kCategorical:
    case ActionDistribution::kGreedy:
      return action.all_choices();
    case ActionDistribution::kGaussian:
      return action.width();
    case ActionDistribution::kSquashedGaussian:
      return 2 * action.width();
  }
  AIRLOCK_CHECK(false, "distribution {}", static_cast<int>(parts.distribution));
}

void Check(const Policy::Parts& parts) {
  const ActionSpace& action = parts.spec.action;
  const auto fail = [&parts](const std::string& what) {
    throw InputError(fmt::format("policy for {}: {}", parts.spec.name, what));
  };
  const bool wants_choices =
      parts.distribution == ActionDistribution::kCategorical ||
      parts.distribution == ActionDistribution::kGreedy;
  if (action.width() == 0 || wants_choices != action.discrete()) {
    fail(fmt::format("a {} distribution does not fit its actions",
                     ToString(parts.distribution)));
  }
  if (parts.distribution == ActionDistribution::kGreedy &&
      action.width() != 1) {
    fail(fmt::format("greedy in {} heads; 1 is allowed", action.width()));
  }
  if (parts.distribution == ActionDistribution::kSquashedGaussian) {
    for (const EnvField& field : action.fields) {
      if (std::isfinite(field.low) && field.high > field.low &&
          std::isfinite(field.high)) {
        continue;
      }
      fail(fmt::format("action {} has no finite range", field.name));
    }
  }
  const auto observed = static_cast<int64_t>(parts.spec.observation.size());
  if (parts.normaliser.width() != observed ||
      parts.network.inputs() != observed) {
    fail(fmt::format(
        "it observes {} numbers; its normaliser has {}, its network {}",
        observed, parts.normaliser.width(), parts.network.inputs()));
  }
  if (parts.network.outputs() != OutputsOf(parts)) {
    fail(fmt::format("its network has {} outputs; {} are needed",
                     parts.network.outputs(), OutputsOf(parts)));
  }
  const bool gaussian = parts.distribution == ActionDistribution::kGaussian;
  const auto deviations = static_cast<int64_t>(parts.log_deviation.size());
  if (deviations != (gaussian ? action.width() : 0)) {
    fail(fmt::format("it has {} standard deviations", deviations));
  }
}

}  // namespace

const char* ToString(ActionDistribution distribution) {
  for (const DistributionName& row : kDistributions) {
    if (row.distribution == distribution) return row.name;
  }
  return "?";
}

bool Parse(const std::string& text, ActionDistribution* distribution) {
  for (const DistributionName& row : kDistributions) {
    if (text != row.name) continue;
    *distribution = row.distribution;
    return true;
  }
  return false;
}

Policy::Policy(Parts parts) : parts_(std::move(parts)) { Check(parts_); }

int64_t Policy::scratch_size() const {
  return parts_.network.inputs() + parts_.network.outputs() +
         parts_.network.scratch_size();
}

double* Policy::Evaluate(const double* observation, double* scratch) const {
  double* const x = scratch;
  double* const y = x + parts_.network.inputs();
  parts_.normaliser.Apply(observation, x);
  parts_.network.Evaluate(x, y, y + parts_.network.outputs());
  return y;
}

double Policy::SampleHeads(const double* logits, const uint8_t* allowed,
                           RngStream* rng, double* action) const {
  double log_probability = 0;
  int64_t at = 0;
  for (size_t h = 0; h < spec().action.choices.size(); ++h) {
    const int64_t count = spec().action.choices[h];
    const double* const l = logits + at;
    const uint8_t* const mask = allowed == nullptr ? nullptr : allowed + at;
    const double top = l[Largest(l, mask, count)];
    double sum = 0;
    for (int64_t c = 0; c < count; ++c) {
      if (IsAllowed(mask, c)) sum += std::exp(l[c] - top);
    }
    double left = rng->Uniform() * sum;
    int64_t drawn = -1;
    for (int64_t c = 0; c < count; ++c) {
      if (!IsAllowed(mask, c)) continue;
      drawn = c;  // the last one, should rounding leave a rest
      left -= std::exp(l[c] - top);
      if (left < 0) break;
    }
    action[h] = static_cast<double>(drawn);
    log_probability += l[drawn] - top - std::log(sum);
    at += count;
  }
  return log_probability;
}

double Policy::SampleBox(const double* outputs, RngStream* rng,
                         double* action) const {
  const bool squashed =
      parts_.distribution == ActionDistribution::kSquashedGaussian;
  const int64_t width = spec().action.width();
  double log_density = 0;
  for (int64_t i = 0; i < width; ++i) {
    const double z = rng->Normal(0, 1);
    const double deviation = squashed ? Deviation(outputs[width + i])
                                      : std::exp(parts_.log_deviation[i]);
    const double u = outputs[i] + deviation * z;
    log_density += LogNormalDensity(z) - std::log(deviation);
    action[i] = u;
    if (!squashed) continue;
    const EnvField& field = spec().action.fields[i];
    const double half = 0.5 * (field.high - field.low);
    action[i] = field.low + half * (std::tanh(u) + 1);
    log_density -= LogTanhSlope(u) + std::log(half);
  }
  return log_density;
}

double Policy::SampleGreedy(const double* values, const uint8_t* allowed,
                            double random_share, RngStream* rng,
                            double* action) const {
  const int64_t count = spec().action.choices[0];
  int64_t drawn = Largest(values, allowed, count);
  if (rng->Uniform() < random_share) {
    int64_t possible = 0;
    for (int64_t c = 0; c < count; ++c) possible += IsAllowed(allowed, c);
    auto nth =
        static_cast<int64_t>(rng->UniformInt(static_cast<uint64_t>(possible)));
    for (drawn = 0; !IsAllowed(allowed, drawn) || nth-- > 0;) ++drawn;
  }
  action[0] = static_cast<double>(drawn);
  return 0;
}

double Policy::Sample(const double* observation, const uint8_t* allowed,
                      double random_share, RngStream* rng, double* action,
                      double* scratch) const {
  const double* const outputs = Evaluate(observation, scratch);
  switch (parts_.distribution) {
    case ActionDistribution::kCategorical:
      return SampleHeads(outputs, allowed, rng, action);
    case ActionDistribution::kGreedy:
      return SampleGreedy(outputs, allowed, random_share, rng, action);
    default:
      return SampleBox(outputs, rng, action);
  }
}

void Policy::Mode(const double* observation, const uint8_t* allowed,
                  double* action, double* scratch) const {
  const double* const outputs = Evaluate(observation, scratch);
  int64_t at = 0;
  for (size_t h = 0; h < spec().action.choices.size(); ++h) {
    const int64_t count = spec().action.choices[h];
    action[h] = static_cast<double>(Largest(
        outputs + at, allowed == nullptr ? nullptr : allowed + at, count));
    at += count;
  }
  for (size_t i = 0; i < spec().action.fields.size(); ++i) {
    const EnvField& field = spec().action.fields[i];
    action[i] = parts_.distribution == ActionDistribution::kSquashedGaussian
                    ? field.low + 0.5 * (field.high - field.low) *
                                      (std::tanh(outputs[i]) + 1)
                    : outputs[i];
  }
}

json ToJson(const EnvSpec& spec) {
  return {{"name", spec.name},
          {"observation", FieldsToJson(spec.observation)},
          {"action",
           {{"choices", spec.action.choices},
            {"fields", FieldsToJson(spec.action.fields)},
            {"masked", spec.action.masked}}},
          {"costs", spec.costs},
          {"time_limit", spec.time_limit}};
}

EnvSpec EnvSpecFromJson(const json& saved) {
  try {
    EnvSpec spec;
    spec.name = saved.at("name");
    spec.observation = FieldsFromJson(saved.at("observation"));
    const json& action = saved.at("action");
    spec.action.choices = action.at("choices").get<std::vector<int64_t>>();
    spec.action.fields = FieldsFromJson(action.at("fields"));
    spec.action.masked = action.at("masked");
    spec.costs = saved.at("costs").get<std::vector<std::string>>();
    spec.time_limit = saved.at("time_limit");
    return spec;
  } catch (const json::exception& e) {
    throw InputError(fmt::format("environment of a policy: {}", e.what()));
  }
}

json Policy::ToJson() const {
  return {{"format", kFormat},
          {"spec", airlock::ToJson(parts_.spec)},
          {"distribution", ToString(parts_.distribution)},
          {"normaliser", parts_.normaliser.ToJson()},
          {"log_deviation", parts_.log_deviation},
          {"network", parts_.network.ToJson()}};
}

Policy Policy::FromJson(const json& saved) {
  try {
    const std::string format = saved.at("format");
    if (format != kFormat) {
      throw InputError(
          fmt::format("policy: its format is '{}'; this version reads '{}'",
                      format, kFormat));
    }
    Parts parts{EnvSpecFromJson(saved.at("spec")),
                Normaliser::FromJson(saved.at("normaliser")),
                {},
                saved.at("log_deviation").get<std::vector<double>>(),
                Mlp::FromJson(saved.at("network"))};
    const std::string distribution = saved.at("distribution");
    if (!Parse(distribution, &parts.distribution)) {
      throw InputError(
          fmt::format("policy: no distribution '{}'", distribution));
    }
    return Policy(std::move(parts));
  } catch (const json::exception& e) {
    throw InputError(fmt::format("policy: {}", e.what()));
  }
}

}  // namespace airlock
