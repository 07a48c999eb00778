#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/scenario/calibration_profile.h"
#include "sim/scenario/scenario.h"

namespace airlock {

struct Document;

// A scenario that was read, found good and made complete: paths are absolute,
// the calibration profile that it names is in place. Engines take only this.
// Immutable; copies are cheap enough to hand around.
class ResolvedScenario {
 public:
  const Scenario& scenario() const { return scenario_; }
  // The whole scenario as YAML, every key written out, "# default" where it
  // has its default. Resolves to itself, from any directory.
  const std::string& text() const { return text_; }
  // Identity of what will be simulated: SHA-256 of text(), with the digest of
  // each file that it names in the place of its path.
  const std::string& sha256() const { return sha256_; }
  // The file as given, or the name for messages.
  const std::string& path() const { return path_; }
  // As given: "topology.spines=4".
  const std::vector<std::string>& overrides() const { return overrides_; }
  // The scenario file and all that it extends.
  const std::vector<std::string>& files() const { return files_; }
  // What `datacentre.chain.profile` or `wlan.profile` names.
  const std::optional<CalibrationProfile>& profile() const { return profile_; }

  // text() under comment lines that name version, files and overrides: the
  // content of scenario.resolved.yaml.
  std::string FileText() const;

  // Adds an error at the place where the scenario says `key`
  // ("controller.agent"), for findings of those that know more than we do.
  void Report(const std::string& key, const std::string& message,
              const std::string& hint, Diagnostics* diagnostics) const;

 private:
  friend class ScenarioResolver;
  ResolvedScenario() = default;

  Scenario scenario_;
  std::string text_;
  std::string sha256_;
  std::string path_;
  std::vector<std::string> overrides_;
  std::vector<std::string> files_;
  std::optional<CalibrationProfile> profile_;
  std::shared_ptr<const Document> document_;
};

// Reads a scenario file, with overrides "a.b.c=value". Nothing if there is any
// error; all of them are in `*diagnostics`.
std::optional<ResolvedScenario> LoadScenario(
    const std::string& path, const std::vector<std::string>& overrides,
    Diagnostics* diagnostics);

// The same from a text; relative paths in it start at the current directory.
std::optional<ResolvedScenario> ResolveText(
    const std::string& text, const std::string& name_for_messages,
    Diagnostics* diagnostics);

// The same from a scenario built in code; messages point into its YAML.
std::optional<ResolvedScenario> Resolve(const Scenario& scenario,
                                        Diagnostics* diagnostics);

// Markdown with every key of a scenario: scenarios/README.md.
std::string ScenarioKeyReference();
// JSON Schema of a scenario, for editors.
std::string ScenarioJsonSchema();

}  // namespace airlock
