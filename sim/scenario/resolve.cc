#include "sim/scenario/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/version.h"
#include "sim/scenario/airtime_profile.h"
#include "sim/scenario/flow_file_checks.h"
#include "sim/scenario/scenario_fields.h"
#include "sim/scenario/wlan_generated.h"

namespace airlock {
namespace {

constexpr char kProfileKey[] = "datacentre.chain.profile";
constexpr char kWlanProfileKey[] = "wlan.profile";
constexpr char kAirtimeProfileKey[] = "wlan.airtime.profile";
constexpr char kGeneratedKey[] = "wlan.generated";

std::string ReplaceAll(std::string text, const std::string& from,
                       const std::string& to) {
  size_t at = 0;
  while ((at = text.find(from, at)) != std::string::npos) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
}

}  // namespace

// Makes a ResolvedScenario of a document, step by step.
class ScenarioResolver {
 public:
  ScenarioResolver(std::string path, Diagnostics* diagnostics)
      : diagnostics_(diagnostics) {
    resolved_.path_ = std::move(path);
  }

  std::optional<ResolvedScenario> Run(std::optional<Document> document) {
    auto scenario = ReadConfig<Scenario>(document, &found_);
    if (scenario) {
      resolved_.scenario_ = std::move(*scenario);
      resolved_.overrides_ = document->overrides;
      resolved_.files_ = document->files;
      resolved_.document_ =
          std::make_shared<const Document>(std::move(*document));
      UseProfile();
      const auto& datacentre = resolved_.scenario_.datacentre;
      if (datacentre) {
        const Reporter report(&resolved_.document_->root, "", &found_);
        CheckFlowFiles(*datacentre, report, &found_);
      }
      if (!found_.has_errors()) UseAirtimeProfile();
      if (!found_.has_errors()) PlaceGenerated();
    }
    if (!found_.has_errors()) Finish();
    const bool good = !found_.has_errors();
    diagnostics_->Append(std::move(found_));
    if (!good) return std::nullopt;
    return std::move(resolved_);
  }

  Diagnostics* found() { return &found_; }

 private:
  // Reads the chain's calibration profile, if it names one, and puts its
  // parameters in place.
  void UseProfile() {
    Scenario& scenario = resolved_.scenario_;
    if (scenario.wlan) UseWlanProfile(&*scenario.wlan);
    if (!scenario.datacentre || !scenario.datacentre->chain) return;
    ChainConfig& chain = *scenario.datacentre->chain;
    if (chain.profile.empty()) return;
    auto profile = LoadCalibrationProfile(chain.profile, &found_);
    if (!profile) {
      resolved_.Report(kProfileKey, "the calibration profile cannot be used",
                       "", &found_);
      return;
    }
    CheckFunctions(*profile, chain);
    if (chain.profile_values == "replace") {
      ApplyProfile(WithoutOverridden(*profile, chain), &chain);
      chain.profile_values = "keep";
      CheckAgain(kProfileKey, "with the profile");
    }
    resolved_.profile_ = std::move(*profile);
  }

  // The same for a WLAN. What the profile says of single links tells those
  // who read it; the scenario has keys for the whole only.
  void UseWlanProfile(WlanConfig* wlan) {
    if (wlan->profile.empty()) return;
    auto profile = LoadCalibrationProfile(wlan->profile, &found_);
    if (!profile) {
      resolved_.Report(kWlanProfileKey,
                       "the calibration profile cannot be used", "", &found_);
      return;
    }
    CalibrationProfile used = *profile;
    used.parameters.clear();
    const Reporter where(&resolved_.document_->root, "", nullptr);
    bool of_wlan = false;
    for (const FittedParameter& parameter : profile->parameters) {
      if (parameter.function != kWholeWlan) continue;
      of_wlan = true;
      const std::string key = std::string(kWholeWlan) + "." + parameter.key;
      // Only the command line has a source without lines.
      if (where.Given(key) && where.MarkOf(key).line == 0) continue;
      used.parameters.push_back(parameter);
    }
    if (!of_wlan) {
      resolved_.Report(kWlanProfileKey, "the profile calibrates no WLAN",
                       "airlock calibrate writes one from a link log", &found_);
      return;
    }
    if (wlan->profile_values == "replace") {
      ApplyProfile(used, wlan);
      wlan->profile_values = "keep";
      CheckAgain(kWlanProfileKey, "with the profile");
    }
    resolved_.profile_ = std::move(*profile);
  }

  void CheckFunctions(const CalibrationProfile& profile,
                      const ChainConfig& chain) {
    std::string known;
    for (const ChainFunction& function : chain.functions) {
      known += (known.empty() ? "" : ", ") + function.name;
    }
    std::string reported;
    for (const FittedParameter& parameter : profile.parameters) {
      bool found = parameter.function == reported;
      for (const ChainFunction& function : chain.functions) {
        found = found || function.name == parameter.function;
      }
      if (found) continue;
      reported = parameter.function;
      resolved_.Report(kProfileKey,
                       "the profile calibrates a function '" +
                           parameter.function + "' that is not in the chain",
                       "the chain has " + known, &found_);
    }
  }

  // Puts in place what `airlock calibrate --against` found of the surrogate.
  void UseAirtimeProfile() {
    auto& wlan = resolved_.scenario_.wlan;
    if (!wlan || wlan->airtime.profile.empty()) return;
    const auto profile = LoadAirtimeProfile(wlan->airtime.profile, &found_);
    if (!profile) {
      resolved_.Report(kAirtimeProfileKey, "the profile cannot be used", "",
                       &found_);
      return;
    }
    const Reporter where(&resolved_.document_->root, "", &found_);
    if (wlan->airtime.profile_values == "replace") {
      const AirtimeConfig given = wlan->airtime;
      AirtimeConfig& used = wlan->airtime;
      ApplyProfile(*profile, &used);
      const auto overridden = [&where](const char* key) {
        const std::string path = std::string("wlan.airtime.") + key;
        // Only the command line has a source without lines.
        return where.Given(path) && where.MarkOf(path).line == 0;
      };
      if (overridden("law")) used.law = given.law;
      if (overridden("threshold")) used.threshold = given.threshold;
      if (overridden("softness_db")) used.softness_db = given.softness_db;
      if (overridden("own_load")) used.own_load = given.own_load;
      if (overridden("channel_rate")) used.channel_rate = given.channel_rate;
      used.profile_values = "keep";
    }
    if (!profile->credible) {
      where.Warning(kAirtimeProfileKey, profile->reason);
    }
  }

  // Puts the access points that `wlan.generated` describes in its place. Where
  // each replication has its own, the engine draws them.
  void PlaceGenerated() {
    auto& wlan = resolved_.scenario_.wlan;
    if (!wlan || !wlan->generated || wlan->generated->redraw) return;
    wlan->access_points =
        GenerateAccessPoints(*wlan, resolved_.scenario_.run.seed);
    wlan->generated.reset();
    CheckAgain(kGeneratedKey, "with the generated access points");
  }

  // What was put in place must be good for the scenario too. Of many findings
  // (all access points alike) the first few tell.
  void CheckAgain(const char* key, const std::string& what) {
    constexpr size_t kMost = 5;
    Diagnostics again;
    if (ParseConfig<Scenario>(ToYaml(resolved_.scenario_), "", &again)) return;
    const auto& all = again.all();
    for (size_t i = 0; i < std::min(all.size(), kMost); ++i) {
      resolved_.Report(key,
                       what + ", " + all[i].key_path + ": " + all[i].message,
                       "", &found_);
    }
    if (all.size() <= kMost) return;
    resolved_.Report(
        key, fmt::format("{}, {} more errors", what, all.size() - kMost), "",
        &found_);
  }

  // What the command line says of a parameter goes before the profile.
  CalibrationProfile WithoutOverridden(const CalibrationProfile& profile,
                                       const ChainConfig& chain) const {
    CalibrationProfile left = profile;
    left.parameters.clear();
    const Reporter where(&resolved_.document_->root, "", nullptr);
    for (const FittedParameter& parameter : profile.parameters) {
      bool overridden = false;
      for (size_t i = 0; i < chain.functions.size(); ++i) {
        if (chain.functions[i].name != parameter.function) continue;
        const std::string key =
            fmt::format("datacentre.chain.functions.{}.{}", i, parameter.key);
        // Only the command line has a source without lines.
        overridden = where.Given(key) && where.MarkOf(key).line == 0;
      }
      if (!overridden) left.parameters.push_back(parameter);
    }
    return left;
  }

  void Finish() {
    resolved_.text_ = ToYaml(resolved_.scenario_, DefaultMarks::kMarked);
    std::string identity = resolved_.text_;
    const auto& datacentre = resolved_.scenario_.datacentre;
    if (datacentre) {
      const FabricWorkload& traffic = datacentre->traffic;
      for (const std::string& path :
           {traffic.sizes_file, traffic.matrix, traffic.trace}) {
        ReplaceByDigest(path, &identity);
      }
    }
    if (datacentre && datacentre->chain) {
      const ChainConfig& chain = *datacentre->chain;
      for (const std::string& path :
           {chain.workload.load.trace, chain.profile}) {
        ReplaceByDigest(path, &identity);
      }
    }
    if (datacentre && datacentre->servers) {
      for (const ServiceChainConfig& chain : datacentre->servers->chains) {
        ReplaceByDigest(chain.load.trace, &identity);
      }
    }
    ReplaceByDigest(resolved_.scenario_.controller.policy, &identity);
    const auto& wlan = resolved_.scenario_.wlan;
    if (wlan) {
      ReplaceByDigest(wlan->load.trace, &identity);
      ReplaceByDigest(wlan->airtime.profile, &identity);
      ReplaceByDigest(wlan->profile, &identity);
    }
    resolved_.sha256_ = Sha256(identity);
  }

  void ReplaceByDigest(const std::string& path, std::string* text) {
    if (path.empty()) return;
    try {
      *text = ReplaceAll(std::move(*text), WriteFlow(ScalarNode(path)),
                         "sha256:" + Sha256OfFile(path));
    } catch (const Error& error) {
      resolved_.Report("", error.what(), "", &found_);
    }
  }

  ResolvedScenario resolved_;
  Diagnostics found_;
  Diagnostics* diagnostics_;
};

std::string ResolvedScenario::FileText() const {
  std::string text =
      "# Resolved by airlock " + Version() + "; runs as it is.\n";
  for (const std::string& file : files_) text += "# from " + file + "\n";
  for (const std::string& one : overrides_)
    text += "# with --set " + one + "\n";
  return text + text_;
}

void ResolvedScenario::Report(const std::string& key,
                              const std::string& message,
                              const std::string& hint,
                              Diagnostics* diagnostics) const {
  Reporter(&document_->root, "", diagnostics).Error(key, message, hint);
}

std::optional<ResolvedScenario> LoadScenario(
    const std::string& path, const std::vector<std::string>& overrides,
    Diagnostics* diagnostics) {
  ScenarioResolver resolver(path, diagnostics);
  return resolver.Run(ReadDocument(path, overrides, resolver.found()));
}

std::optional<ResolvedScenario> ResolveText(const std::string& text,
                                            const std::string& name,
                                            Diagnostics* diagnostics) {
  ScenarioResolver resolver(name, diagnostics);
  return resolver.Run(ReadDocumentText(text, name, "", {}, resolver.found()));
}

std::optional<ResolvedScenario> Resolve(const Scenario& scenario,
                                        Diagnostics* diagnostics) {
  return ResolveText(ToYaml(scenario), "(scenario)", diagnostics);
}

std::string ScenarioKeyReference() { return KeyReference<Scenario>(); }

std::string ScenarioJsonSchema() {
  return JsonSchema<Scenario>("Airlock scenario");
}

}  // namespace airlock
