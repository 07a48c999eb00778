#include "sim/scenario/balancer_fields.h"

#include "sim/scenario/balancer_checks.h"

namespace airlock {

void DeclareFields(Fields<PoolServer>& f) {
  using T = PoolServer;
  f.Add("name", &T::name, "As in `server.NAME.*`.").Required().AsName();
  f.Add("cores", &T::cores,
        "Requests that run at full speed at once; more share the cores "
        "equally.")
      .Between(1, 4096);
  f.Add("speed", &T::speed,
        "Of a core, relative to the one that the work of requests is told for.")
      .MoreThan(0)
      .AtMost(1000);
  f.Add("weight", &T::weight, "At the start.").Between(0, 2);
  f.Add("host", &T::host,
        "Of the topology, for the packet engine; where absent, the lowest that "
        "is free.")
      .AtLeast(0);
}

void DeclareFields(Fields<PoolEvent>& f) {
  using T = PoolEvent;
  f.Add("server", &T::server, "Name of the server.").Required().NotEmpty();
  f.Add("kind", &T::kind,
        "`slow-down`: it works at `pace`. `failure`: it loses its flows and "
        "serves none.")
      .OneOf({"slow-down", "failure"});
  f.Add("from", &T::from, "Beginning, in the run's time.")
      .Required()
      .AtLeast(SimTime(0));
  f.Add("until", &T::until, "End, in the run's time.")
      .Required()
      .MoreThan(SimTime(0));
  f.Add("pace", &T::pace, "`slow-down`: what is left of its speed.")
      .MoreThan(Ratio(0))
      .AtMost(Ratio(1));
}

void DeclareFields(Fields<PoolLoad>& f) {
  using T = PoolLoad;
  f.Add("kind", &T::kind,
        "`constant`: `share`. `steps`: `share` and `peak` in turns. "
        "`flash-crowd`: `share`, and in every period at a drawn time `peak` "
        "for a tenth of it. `diurnal`: between the two, a sine. `trace`: as "
        "measured.")
      .OneOf({"constant", "steps", "flash-crowd", "diurnal", "trace"});
  f.Add("share", &T::share,
        "The constant load; the lowest of the other kinds. 100% is what all "
        "servers can do while none is slow or has failed.")
      .MoreThan(Ratio(0))
      .AtMost(Ratio(10));
  f.Add("peak", &T::peak, "The highest load of the other kinds.")
      .MoreThan(Ratio(0))
      .AtMost(Ratio(10));
  f.Add("period", &T::period,
        "Of a step; of a crowd; of the sine, which begins at its lowest.")
      .AtLeast(Milliseconds(1));
  f.Add("trace", &T::trace,
        "`trace`: file whose column load is the share over time; its last "
        "value stays.")
      .AsExistingFile();
  f.Check(CheckPoolLoad);
}

void DeclareFields(Fields<RequestClass>& f) {
  using T = RequestClass;
  f.Add("name", &T::name, "Of the class.").Required().AsName();
  f.Add("share", &T::share, "Of the requests; divided by the shares' sum.")
      .AtLeast(Ratio(0));
  f.Add("work", &T::work,
        "Distribution of a request's work. `pareto`: the least work is mean "
        "(tail - 1) / tail.")
      .OneOf({"constant", "exponential", "lognormal", "pareto"});
  f.Add("mean", &T::mean, "Of the work: time on a core of speed 1, alone.")
      .MoreThan(SimTime(0));
  f.Add("cv", &T::cv, "`lognormal`: coefficient of variation.").Between(0, 100);
  f.Add("tail", &T::tail,
        "`pareto`: exponent of the tail; the variance is infinite at 2 and "
        "below.")
      .MoreThan(1)
      .AtMost(100);
  f.Add("request_size", &T::request_size,
        "Bytes of TCP payload, for the packet engine.")
      .AtLeast(DataSize(1));
  f.Add("response_size", &T::response_size,
        "Bytes of TCP payload, for the packet engine.")
      .AtLeast(DataSize(1));
  f.Check(CheckRequestClass);
}

void DeclareFields(Fields<ReservoirConfig>& f) {
  using T = ReservoirConfig;
  f.Add("slots", &T::slots, "Samples that a reservoir holds.")
      .Between(1, 65536);
  f.Add("keep", &T::keep,
        "Probability that a sample is kept, in the place of a random one.")
      .MoreThan(Ratio(0))
      .AtMost(Ratio(1));
  f.Add("decay", &T::decay,
        "Weight of a sample in decayed summaries, per second of its age.")
      .MoreThan(0)
      .AtMost(1);
}

void DeclareFields(Fields<WeightShieldConfig>& f) {
  using T = WeightShieldConfig;
  f.Add("least_share", &T::least_share,
        "A live server's share of the flows is at least this part of its share "
        "of the capacity.")
      .Between(Ratio(0), Ratio(1));
  f.Add("most_change", &T::most_change,
        "Largest change of a weight at one decision, but for servers that fail "
        "or come back.")
      .MoreThan(0)
      .AtMost(2);
  f.Add("fallback_after", &T::fallback_after,
        "Decisions in a row whose observation is missing or cannot be, after "
        "which weights are those of the capacities, until one is good.")
      .Between(1, 1000000);
}

void DeclareFields(Fields<FlowAgreement>& f) {
  using T = FlowAgreement;
  f.Add("completion", &T::completion, "Time in which a flow is to be complete.")
      .MoreThan(SimTime(0));
  f.Add("allowed", &T::allowed,
        "Share of the flows that may take longer, or fail: 5% is a limit of "
        "the 95th percentile.")
      .Between(Ratio(0), Ratio(1));
}

void DeclareFields(Fields<PoolModelConfig>& f) {
  using T = PoolModelConfig;
  f.Add("round_trips", &T::round_trips,
        "Time in the network, added to every completion time.")
      .AtLeast(SimTime(0));
  f.Add("overhead", &T::overhead,
        "Work added to every request: connection and protocol.")
      .AtLeast(SimTime(0));
}

void DeclareFields(Fields<BalancerConfig>& f) {
  using T = BalancerConfig;
  f.Add("servers", &T::servers, "The pool.")
      .Required()
      .NotEmpty()
      .UniqueBy("name");
  f.Add("assignment", &T::assignment,
        "Of a flow, at its first packet. `weighted-hash`: at random in "
        "proportion to the weights. `least-connections`: where (flows + 1) / "
        "weight is smallest. `round-robin`: in turns, by weight.")
      .OneOf({"weighted-hash", "least-connections", "round-robin"});
  f.Add("load", &T::load, "Offered work as a share of the pool's capacity.");
  f.Add("requests", &T::requests,
        "Kinds of requests. They arrive at random (Poisson).")
      .NotEmpty()
      .UniqueBy("name");
  f.Add("events", &T::events, "Servers that slow down or fail for a while.");
  f.Add("health_check", &T::health_check,
        "Until a failed server gets no more flows, and one that came back some "
        "again. What it gets before is lost.")
      .AtLeast(SimTime(0));
  f.Add("reservoir", &T::reservoir,
        "Samples of flows that each server's features are computed from.");
  f.Add("agreement", &T::agreement, "What flows were promised.");
  f.Add("shield", &T::shield, "What weights may never do.");
  f.Add("model", &T::model,
        "What the surrogate engine has in place of packets.");
  f.Add("balancer_host", &T::balancer_host,
        "Of the topology, for the packet engine.")
      .AtLeast(0);
  f.Add("client_hosts", &T::client_hosts,
        "Of the topology, for the packet engine: who sends requests.")
      .NotEmpty()
      .AtLeast(0);
  f.Check({"servers"}, CheckPoolWeights);
  f.Check({"servers", "events"}, CheckPoolEvents);
  f.Check({"requests"}, CheckRequests);
}

}  // namespace airlock
