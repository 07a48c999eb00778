#include "twin/node/node_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "calibration/traces/importer.h"

namespace airlock {
namespace {

std::vector<std::string> NamesOf(const std::vector<NodeFileKind>& kinds) {
  std::vector<std::string> names;
  for (const NodeFileKind& kind : kinds) names.push_back(kind.name);
  return names;
}

std::vector<std::string> TraceFormats() {
  std::vector<std::string> names = {"airlock"};
  for (const Importer& importer : Importers()) names.push_back(importer.name);
  return names;
}

bool Has(const std::vector<std::string>& keys, const std::string& key) {
  return std::count(keys.begin(), keys.end(), key) > 0;
}

// Keys that the kind needs and that are not given, or given and of no use to
// it. `keys`: those of the section that some kind uses.
void CheckKind(const std::vector<NodeFileKind>& kinds, const std::string& name,
               const Reporter& report) {
  const auto kind =
      std::find_if(kinds.begin(), kinds.end(),
                   [&](const NodeFileKind& each) { return each.name == name; });
  if (kind == kinds.end()) return;  // reported by OneOf
  for (const std::string& key : kind->needs) {
    if (!report.Given(key)) {
      report.Error("", fmt::format("'{}' needs the key '{}'", name, key));
    }
  }
  std::vector<std::string> all;
  for (const NodeFileKind& each : kinds) {
    for (const auto* keys : {&each.needs, &each.uses}) {
      for (const std::string& key : *keys) {
        if (!Has(all, key)) all.push_back(key);
      }
    }
  }
  for (const std::string& key : all) {
    if (report.Given(key) && !Has(kind->needs, key) && !Has(kind->uses, key)) {
      report.Error(key, fmt::format("'{}' does not use it", name));
    }
  }
}

void CheckCommand(const char* key, const std::vector<std::string>& command,
                  const Reporter& report) {
  if (!command.empty() && command.front().empty()) {
    report.Error(fmt::format("{}.0", key), "the program has no name");
  }
}

void CheckUrl(const SourceConfig& source, const Reporter& report) {
  if (source.kind != "pcm-server" || source.url.empty()) return;
  const std::string scheme = "http://";
  const size_t host = scheme.size();
  if (source.url.rfind(scheme, 0) != 0 || source.url.size() == host ||
      source.url[host] == '/' || source.url[host] == ':') {
    report.Error("url", fmt::format("'{}' is not a URL that begins with "
                                    "http:// and a host",
                                    source.url));
  }
}

void CheckSource(const SourceConfig& source, const Reporter& report) {
  CheckKind(SourceKinds(), source.kind, report);
  CheckCommand("command", source.command, report);
  CheckUrl(source, report);
  if (source.restart_at_most < source.restart_after) {
    report.Error("restart_at_most", "is below restart_after");
  }
}

void CheckAction(const ActionConfig& action, const Reporter& report) {
  CheckKind(ActionRules(), action.rule, report);
  for (size_t i = 1; i < action.steps.size(); ++i) {
    if (action.steps[i].from <= action.steps[i - 1].from) {
      report.Error(fmt::format("steps.{}.from", i),
                   "must be above that of the step before");
    }
  }
  if (action.minimum > action.maximum) {
    report.Error("minimum", "is above the maximum");
  }
  if (action.of == "forecast" && report.Given("level")) {
    report.Error("level", "only `of: lower` and `of: upper` use it");
  }
}

void CheckActuator(const ActuatorConfig& actuator, const Reporter& report) {
  CheckKind(ActuatorKinds(), actuator.kind, report);
  CheckCommand("apply", actuator.apply, report);
  CheckCommand("read", actuator.read, report);
  if (actuator.kind != "command") return;
  const auto names_setting = [](const std::string& argument) {
    return argument.find("{setting}") != std::string::npos;
  };
  if (!actuator.apply.empty() &&
      std::none_of(actuator.apply.begin(), actuator.apply.end(),
                   names_setting)) {
    report.Error("apply", "no argument has {setting}, the value to apply");
  }
}

// The longest that a change of the setting may take, with its way back.
double WorstSeconds(const ActuatorConfig& actuator) {
  return 2 * (2 * Seconds(actuator.timeout) + Seconds(actuator.settle) +
              Seconds(actuator.verify_within));
}

// What a node that controls wants of its file, and what it has no use for.
void CheckControl(const NodeFile& file, const Reporter& report) {
  const ControlSection section = ControlOf(file);
  for (const char* key :
       {"drift", "action", "fallback", "retraining", "shadow"}) {
    if (report.Given(key)) {
      report.Error(
          key, fmt::format("a node with `{}` does not use it", section.key));
    }
  }
  const bool followed = report.Given("registry");
  for (const char* field : {"agent", "policy"}) {
    if (followed && report.Given(section.Key(field))) {
      report.Error(section.Key(field),
                   "the registry's promoted version says it");
    }
  }
  if (!followed && report.Given("model")) {
    report.Error("model", "is an alias of a registry, and none is given");
  }
}

// Access points have settings of their own, each with a program's run.
void CheckChannelActuator(const NodeFile& file, const Reporter& report) {
  const auto names_setting = [](const std::string& argument) {
    return argument.find("{name}") != std::string::npos;
  };
  const auto check = [&](const char* key,
                         const std::vector<std::string>& words) {
    if (words.empty() ||
        std::any_of(words.begin(), words.end(), names_setting)) {
      return;
    }
    report.Error(std::string("actuator.") + key,
                 "has no {name}, the setting that is meant: 'lobby.channel', "
                 "'lobby.width'");
  };
  check("apply", file.actuator.apply);
  check("read", file.actuator.read);
  if (!file.actuator.path.empty()) check("path", {file.actuator.path});
}

void CheckNode(const NodeFile& file, const Reporter& report) {
  const bool controls = ControlOf(file).config != nullptr;
  if (file.channels && file.balancer) {
    report.Error("balancer", "a node has `channels` or `balancer`, not both");
  } else if (controls) {
    CheckControl(file, report);
    if (file.channels) CheckChannelActuator(file, report);
  } else if (!report.Given("registry")) {
    report.Error("", "needs the key 'registry', 'channels' or 'balancer'");
  }
  if (file.actuator.kind == "command" &&
      WorstSeconds(file.actuator) > Seconds(file.source.period)) {
    report.Error(
        "actuator",
        fmt::format("to apply, verify and roll back may take {:g} s, longer "
                    "than the period of {:g} s: 2 (2 timeout + settle + "
                    "verify_within) must fit in it",
                    WorstSeconds(file.actuator), Seconds(file.source.period)));
  }
  if (file.limits.stale_after < file.source.period) {
    report.Error("limits.stale_after",
                 fmt::format("is below the source's period, {:g} s: every "
                             "sample would be stale",
                             Seconds(file.source.period)));
  }
  if (!controls && file.action.rule == "none" && file.actuator.kind != "none") {
    report.Error("actuator", "has nothing to apply: the action's rule is none");
  }
  if (file.shadow == file.model) {
    report.Error("shadow", "is the model itself");
  }
  if (file.retraining.history < file.retraining.samples) {
    report.Error("retraining.history",
                 fmt::format("keeps fewer than the {} samples of a request",
                             file.retraining.samples));
  }
}

}  // namespace

const std::vector<NodeFileKind>& SourceKinds() {
  static const std::vector<NodeFileKind> kinds = {
      {"csv",
       "a CSV file that grows, such as the testbed's sampler writes",
       {"path"},
       {"columns"}},
      {"frames",
       "samples that airlock-collector, or another program, shares in memory",
       {"path"},
       {}},
      {"pcm", "`pcm -csv` as a child process", {"command"}, {}},
      {"pcm-server", "pcm-sensor-server over HTTP, as JSON", {"url"}, {}},
      {"perf",
       "`perf stat -I N -x,` as a child process, on its standard error",
       {"command"},
       {}},
      {"replay",
       "a recorded trace at any speed",
       {"path"},
       {"format", "first", "samples", "speed"}},
  };
  return kinds;
}

const std::vector<NodeFileKind>& ActionRules() {
  static const std::vector<NodeFileKind> kinds = {
      {"none", "no action: forecasts are reported only", {}, {}},
      {"proportional",
       "offset + gain * (forecast - set_point), between limits",
       {"gain"},
       {"of", "level", "set_point", "offset", "minimum", "maximum"}},
      {"steps",
       "the setting of the highest step that the forecast reaches",
       {"steps"},
       {"of", "level", "below", "minimum", "maximum"}},
  };
  return kinds;
}

const std::vector<NodeFileKind>& Fallbacks() {
  static const std::vector<NodeFileKind> kinds = {
      {"fixed", "one setting", {"setting"}, {}},
      {"hold-last",
       "the last setting that was committed; `setting` before",
       {},
       {"setting"}},
      {"persistence",
       "the rule on the newest known target instead of the forecast; "
       "`setting` while there is none",
       {},
       {"setting"}},
      {"queue-target",
       "moves the setting so that the queue in `column` stays near `target`: "
       "times (target / queue)^0.5, at most 2 and at least 1/2 a sample",
       {"column", "setting"},
       {"target"}},
  };
  return kinds;
}

const std::vector<NodeFileKind>& ActuatorKinds() {
  static const std::vector<NodeFileKind> kinds = {
      {"command",
       "two programs: one applies a setting, one reads it back",
       {"apply", "read"},
       {"timeout", "settle", "verify_within", "tolerance", "state_tolerance"}},
      {"file",
       "writes the setting into a file: for tests and dry runs",
       {"path"},
       {}},
      {"none", "settings are reported only", {}, {}},
  };
  return kinds;
}

void DeclareFields(Fields<SourceConfig>& fields) {
  fields
      .Add("kind", &SourceConfig::kind,
           "What it is; `airlock list node-sources`.")
      .Required()
      .OneOf([] { return NamesOf(SourceKinds()); });
  fields
      .Add("command", &SourceConfig::command,
           "Program and arguments, started without a shell.")
      .NotEmpty();
  fields
      .Add("url", &SourceConfig::url,
           "Of pcm-sensor-server, with its path: http://127.0.0.1:9738/"
           "persecond/1.")
      .NotEmpty();
  fields
      .Add("path", &SourceConfig::path,
           "The CSV that grows, the shared frames, or the recording.")
      .AsPath()
      .NotEmpty();
  fields
      .Add("columns", &SourceConfig::columns,
           "A JSON file that names role, unit and scope of the CSV's columns, "
           "as the testbed writes it; without one they follow from names, and "
           "units stand in brackets.")
      .AsPath();
  fields
      .Add("format", &SourceConfig::format,
           "The recording's format; `airlock` for a trace that was imported "
           "before.")
      .OneOf(TraceFormats);
  fields
      .Add("first", &SourceConfig::first, "The first sample that is replayed.")
      .AtLeast(0);
  fields
      .Add("samples", &SourceConfig::samples,
           "How many are replayed; 0 for all from the first.")
      .AtLeast(0);
  fields
      .Add("speed", &SourceConfig::speed,
           "Times the recorded pace; 0 replays as fast as possible.")
      .Between(0, 1e6);
  fields.Add("period", &SourceConfig::period, "Between two samples, nominally.")
      .Between(Milliseconds(1), Milliseconds(3600000));
  fields
      .Add("timeout", &SourceConfig::timeout,
           "A source that says nothing for so long is lost, and started "
           "again.")
      .AtLeast(Milliseconds(10));
  fields
      .Add("restart_after", &SourceConfig::restart_after,
           "Wait before a lost source is started again; doubled each time.")
      .AtLeast(Milliseconds(1));
  fields
      .Add("restart_at_most", &SourceConfig::restart_at_most,
           "The longest such wait.")
      .AtLeast(Milliseconds(1));
  fields.Add("counters", &SourceConfig::counters,
             "Columns that the source must have, beside those that model, "
             "triggers and fallback read.");
  fields.Check(CheckSource);
}

void DeclareFields(Fields<DriftConfig>& fields) {
  fields
      .Add("triggers", &DriftConfig::triggers,
           "Trigger files of `airlock drift calibrate`.")
      .AsExistingFile();
  fields.Add("shipped", &DriftConfig::shipped,
             "Whether the trigger runs that was promoted with the model, if "
             "there is one.");
  fields
      .Add("forget_after", &DriftConfig::forget_after,
           "Samples without a further alarm after which the model acts again; "
           "0: not before there is a new champion, unless labels say that the "
           "model is as good as before.")
      .AtLeast(0);
}

void DeclareFields(Fields<LimitsConfig>& fields) {
  fields
      .Add("stale_after", &LimitsConfig::stale_after,
           "Without a new sample for so long, or with such a hole between two, "
           "the input is stale.")
      .AtLeast(Milliseconds(1));
  fields
      .Add("frozen_after", &LimitsConfig::frozen_after,
           "Samples in a row whose counters are all equal: the source repeats "
           "itself; 0 does not look.")
      .AtLeast(0);
  fields
      .Add("range_margin", &LimitsConfig::range_margin,
           "How far beyond its training range a feature may be, as a share of "
           "that range.")
      .Between(Ratio(0), Ratio(10));
  fields
      .Add("out_of_range", &LimitsConfig::out_of_range,
           "The share of features beyond that is still acted on.")
      .Between(Ratio(0), Ratio(1));
  fields
      .Add("missing", &LimitsConfig::missing,
           "The share of features without a value that is still acted on.")
      .Between(Ratio(0), Ratio(1));
  fields
      .Add("inference", &LimitsConfig::inference,
           "A prediction that takes longer is not acted on.")
      .AtLeast(Microseconds(1));
  fields
      .Add("recover_after", &LimitsConfig::recover_after,
           "Good samples in a row until the model acts again.")
      .AtLeast(1);
}

void DeclareFields(Fields<RuleStep>& fields) {
  fields
      .Add("from", &RuleStep::from,
           "The forecast from which this step is taken, in the target's unit.")
      .Required();
  fields.Add("setting", &RuleStep::setting, "What is applied then.").Required();
}

void DeclareFields(Fields<ActionConfig>& fields) {
  fields
      .Add("rule", &ActionConfig::rule,
           "How a forecast becomes a setting; `airlock list node-rules`.")
      .OneOf([] { return NamesOf(ActionRules()); });
  fields
      .Add("of", &ActionConfig::of,
           "What the rule looks at: the forecast, or an end of its interval.")
      .OneOf({"forecast", "lower", "upper"});
  fields
      .Add("level", &ActionConfig::level,
           "Which interval; one of the model's levels.")
      .Between(0.5, 0.99);
  fields.Add("steps", &ActionConfig::steps, "Rule `steps`: from low to high.")
      .NotEmpty();
  fields.Add("below", &ActionConfig::below,
             "Rule `steps`: the setting below the lowest step.");
  fields.Add("gain", &ActionConfig::gain,
             "Rule `proportional`: setting per unit of the target.");
  fields.Add("set_point", &ActionConfig::set_point,
             "Rule `proportional`: the forecast that asks for `offset`.");
  fields.Add("offset", &ActionConfig::offset,
             "Rule `proportional`: the setting at the set point.");
  fields.Add("minimum", &ActionConfig::minimum,
             "The lowest setting, of model and fallback.");
  fields.Add("maximum", &ActionConfig::maximum,
             "The highest setting, of model and fallback.");
  fields.Check(CheckAction);
}

void DeclareFields(Fields<FallbackConfig>& fields) {
  fields
      .Add("kind", &FallbackConfig::kind,
           "The heuristic; `airlock list node-fallbacks`.")
      .OneOf([] { return NamesOf(Fallbacks()); });
  fields.Add("setting", &FallbackConfig::setting, "The heuristic's setting.");
  fields
      .Add("column", &FallbackConfig::column,
           "Heuristic `queue-target`: the counter that is the queue's length.")
      .NotEmpty();
  fields
      .Add("target", &FallbackConfig::target,
           "Heuristic `queue-target`: the length to hold.")
      .MoreThan(0);
  fields.Check([](const FallbackConfig& fallback, const Reporter& report) {
    CheckKind(Fallbacks(), fallback.kind, report);
  });
}

void DeclareFields(Fields<ActuatorConfig>& fields) {
  fields
      .Add("kind", &ActuatorConfig::kind,
           "What carries settings out; `airlock list node-actuators`.")
      .OneOf([] { return NamesOf(ActuatorKinds()); });
  fields.Add("path", &ActuatorConfig::path, "The file of `file`.")
      .AsPath()
      .NotEmpty();
  fields
      .Add("apply", &ActuatorConfig::apply,
           "Program and arguments that apply a setting, without a shell; "
           "{setting} in an argument becomes the number, or of a balancer all "
           "its weights (web1=2,web2=0.5), {name} the setting's name where "
           "`channels` have many.")
      .NotEmpty();
  fields
      .Add("read", &ActuatorConfig::read,
           "Program and arguments that print what is in force as JSON: "
           "{\"configuration\": 3, \"state\": 3}, what is configured and what "
           "the device does; of a balancer objects of weights by server.")
      .NotEmpty();
  fields
      .Add("timeout", &ActuatorConfig::timeout,
           "Of each of the two programs; then it is ended.")
      .AtLeast(Milliseconds(1));
  fields
      .Add("settle", &ActuatorConfig::settle,
           "Wait between applying and the first reading.")
      .AtLeast(SimTime(0));
  fields
      .Add("verify_within", &ActuatorConfig::verify_within,
           "How long configuration and state may take to be the setting.")
      .AtLeast(SimTime(0));
  fields
      .Add("tolerance", &ActuatorConfig::tolerance,
           "Between the setting and the configuration read back.")
      .AtLeast(0);
  fields
      .Add("state_tolerance", &ActuatorConfig::state_tolerance,
           "Between the setting and the state read back.")
      .AtLeast(0);
  fields.Check(CheckActuator);
}

void DeclareFields(Fields<MetricsConfig>& fields) {
  fields.Add("enabled", &MetricsConfig::enabled,
             "Whether /metrics and /health are served.");
  fields.Add("address", &MetricsConfig::address, "The address to listen on.")
      .NotEmpty();
  fields
      .Add("port", &MetricsConfig::port,
           "Its port; 0 takes a free one and logs which.")
      .Between(0, 65535);
}

void DeclareFields(Fields<StateConfig>& fields) {
  fields
      .Add("folder", &StateConfig::folder,
           "Where the node keeps its state; of one node only.")
      .Required()
      .AsPath()
      .NotEmpty();
  fields
      .Add("save_every", &StateConfig::save_every,
           "Samples between two saves; samples themselves are kept as they "
           "come.")
      .Between(1, 1000000);
  fields.Add("decisions", &StateConfig::decisions,
             "Whether every sample's decision goes to decisions.csv there.");
}

void DeclareFields(Fields<RetrainingConfig>& fields) {
  fields
      .Add("folder", &RetrainingConfig::folder,
           "Where requests for retraining go; empty: none are made.")
      .AsPath();
  fields
      .Add("samples", &RetrainingConfig::samples,
           "Since the change, until a request is ready.")
      .Between(1, 100000);
  fields
      .Add("history", &RetrainingConfig::history,
           "Samples that are kept: a change further back is cut there.")
      .Between(60, 100000);
}

void DeclareFields(Fields<NodeShadowConfig>& fields) {
  fields
      .Add("agent", &NodeShadowConfig::agent,
           "One of `airlock list agents` that fits the section.")
      .Required()
      .NotEmpty();
  fields
      .Add("policy", &NodeShadowConfig::policy,
           "The policy of a trained agent.")
      .AsExistingFile();
}

void DeclareFields(Fields<NodeControlConfig>& fields) {
  fields
      .Add("scenario", &NodeControlConfig::scenario,
           "A scenario whose `wlan` is the network (access points, standards, "
           "region, widths), or whose `datacentre.balancer` is the pool; its "
           "shield and the limits of its fallback hold too.")
      .Required()
      .AsExistingFile();
  fields
      .Add("agent", &NodeControlConfig::agent,
           "Of `channels` a channel planner, of `balancer` one that sets "
           "weights, of `airlock list agents`; where absent, the scenario's, "
           "or the registry's.")
      .NotEmpty();
  fields
      .Add("policy", &NodeControlConfig::policy,
           "The policy of a trained agent; where absent, the scenario's, or "
           "the registry's.")
      .AsExistingFile();
  fields
      .Add("fallback", &NodeControlConfig::fallback,
           "What decides while there is a doubt: a planner (legacy-daily, "
           "say), or weights that need no observation (wcmp, ecmp); static "
           "holds what is in force. Where absent, the scenario's: of a pool "
           "with a shield wcmp; else static.")
      .NotEmpty();
  fields
      .Add("every", &NodeControlConfig::every,
           "Samples of the source between two decisions; where absent, as many "
           "as the scenario's controller.interval has periods.")
      .Between(1, 1000000);
  fields.Add("shadow", &NodeControlConfig::shadow,
             "An agent that is asked too, reported, and never acted on.");
}

void DeclareFields(Fields<NodeFile>& fields) {
  fields.Add("schema", &NodeFile::schema, "Version of this format.")
      .Required()
      .Between(1, 1);
  fields.Add("name", &NodeFile::name, "What metrics and logs call the node.")
      .Required()
      .NotEmpty();
  fields.Add("description", &NodeFile::description, "What it is for.");
  fields.Add("source", &NodeFile::source, "Where the counters come from.")
      .Required();
  fields
      .Add("registry", &NodeFile::registry,
           "The registry's folder; it is only read. Needed but for `channels` "
           "or `balancer` with an agent of its own.")
      .AsPath()
      .NotEmpty();
  fields
      .Add("trusted_keys", &NodeFile::trusted_keys,
           "Public keys whose receipts count; empty: those of the registry.")
      .AsExistingFile();
  fields.Add("model", &NodeFile::model, "The registry's alias that acts.")
      .OneOf({"champion", "previous"});
  fields
      .Add("shadow", &NodeFile::shadow,
           "The alias that runs beside it and is reported, never acted on.")
      .OneOf({"candidate", "previous", "none"});
  fields.Add("drift", &NodeFile::drift, "The drift triggers.");
  fields.Add("limits", &NodeFile::limits, "When the fallback acts instead.");
  fields.Add("action", &NodeFile::action, "How a forecast becomes a setting.");
  fields.Add("fallback", &NodeFile::fallback,
             "What acts where the model may not.");
  fields.Add("actuator", &NodeFile::actuator, "What carries settings out.");
  fields.Add("metrics", &NodeFile::metrics, "Metrics and health over HTTP.");
  fields.Add("state", &NodeFile::state, "What outlives a restart.").Required();
  fields.Add("retraining", &NodeFile::retraining,
             "What is written when a trigger fires.");
  fields.Add("channels", &NodeFile::channels,
             "A channel manager in the place of a forecast.");
  fields.Add("balancer", &NodeFile::balancer,
             "A load balancer's weights in the place of a forecast.");
  fields.Check(CheckNode);
}

std::optional<NodeFile> LoadNodeFile(const std::string& path,
                                     const std::vector<std::string>& overrides,
                                     Diagnostics* diagnostics) {
  Diagnostics found;
  std::optional<Document> document = ReadDocument(path, overrides, &found);
  std::optional<NodeFile> file = ReadConfig<NodeFile>(document, &found);
  diagnostics->Append(std::move(found));
  if (file) {
    file->document = std::make_shared<const Document>(std::move(*document));
  }
  return file;
}

ControlSection ControlOf(const NodeFile& file) {
  if (file.channels) return {"channels", &*file.channels};
  if (file.balancer) return {"balancer", &*file.balancer};
  return {"", nullptr};
}

void FailAt(const NodeFile& file, const std::string& key,
            const std::string& message, const std::string& hint) {
  AIRLOCK_CHECK(file.document != nullptr);
  Diagnostics found;
  Reporter(&file.document->root, "", &found).Error(key, message, hint);
  throw NodeFileError(found.Format());
}

bool Gives(const NodeFile& file, const std::string& key) {
  return file.document != nullptr &&
         Reporter(&file.document->root, "", nullptr).Given(key);
}

std::string NodeKeyReference() { return KeyReference<NodeFile>(); }

std::string NodeJsonSchema() {
  return JsonSchema<NodeFile>("Airlock live node");
}

}  // namespace airlock
