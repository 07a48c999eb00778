"""Load profiles: what the generator and the stressors do in each sample.

A plan is a list of steps, one a sample. Load is written as *utilisation* of
the inspector: packet rate times the reference service time of the packet mix,
so that 1.0 saturates it whatever the packet sizes are. The reference service
time is `base_us + byte_ns * frame_bytes`.
"""

import dataclasses
import math
import random

SIZES = (128, 512, 1024, 1400)  # frame bytes, Ethernet header to payload end
MIN_MEAN_BYTES = 650  # of a mix: smaller ones are bound by the generator
STRESSORS = ("cpu", "cache", "memory", "io")


@dataclasses.dataclass
class Reference:
    """Service time of the inspector that utilisation is expressed in."""

    base_us: float
    byte_ns: float

    def packet_rate(self, utilisation, shares):
        """Packet/s that load the inspector to `utilisation`."""
        size = sum(s * b for s, b in zip(shares, SIZES))
        return utilisation / (self.base_us * 1e-6 + self.byte_ns * 1e-9 * size)


@dataclasses.dataclass
class Step:
    """One sample: utilisation, packet mix, stress levels in workers."""

    utilisation: float
    shares: tuple
    stress: dict = dataclasses.field(default_factory=dict)
    reference_shares: tuple = ()  # the mix `utilisation` is for, if another


@dataclasses.dataclass
class Plan:
    """A recording: its steps and what happens when."""

    interval: float  # seconds a step
    steps: list
    parameters: dict  # goes into the provenance record
    events: list  # {"time": s, "what": text}
    change_step: int = -1  # first step after the change; -1 = none
    grows: bool = False  # the change is one of the chain's rules

    def write(self, path, reference):
        """Writes the form that airlock-testbed-chain reads."""
        with open(path, "w", encoding="ascii") as out:
            out.write(f"step {self.interval!r}\n")
            out.write("sizes " + " ".join(map(str, SIZES)) + "\n")
            for step in self.steps:
                rate = reference.packet_rate(
                    step.utilisation, step.reference_shares or step.shares)
                levels = [step.stress.get(kind, 0) for kind in STRESSORS]
                row = [f"{rate:.3f}", *(f"{s:.6f}" for s in step.shares)]
                out.write(" ".join(row + [f"{v:g}" for v in levels]) + "\n")

    def phases(self):
        """Stress phases: (first step, end step, kind, level) in time order."""
        found = []
        for kind in STRESSORS:
            begin, level = 0, 0
            for i in range(len(self.steps) + 1):
                now = self.steps[i].stress.get(kind, 0) if i < len(
                    self.steps) else 0
                if now == level:
                    continue
                if level > 0:
                    found.append((begin, i, kind, level))
                begin, level = i, now
        return sorted(found)


def _shares(rng, concentration=1.2):
    """A random packet mix: Dirichlet over the sizes, not all tiny."""
    while True:
        draws = [rng.gammavariate(concentration, 1) for _ in SIZES]
        shares = tuple(d / sum(draws) for d in draws)
        if sum(s * b for s, b in zip(shares, SIZES)) >= MIN_MEAN_BYTES:
            return shares


def _blend(a, b, weight):
    return tuple((1 - weight) * x + weight * y for x, y in zip(a, b))


def _mix_course(rng, steps, interval):
    """Packet mixes that hold for 2 to 6 s and then move over within 1 s."""
    course = []
    mix = _shares(rng)
    while len(course) < steps:
        target = _shares(rng)
        move = max(1, round(1.0 / interval))
        course += [_blend(mix, target, (i + 1) / move) for i in range(move)]
        mix = target
        course += [mix] * round(rng.uniform(2, 6) / interval)
    return course[:steps]


def _steps(rng, count, interval, low, high):
    course = []
    while len(course) < count:
        course += [rng.uniform(low, high)] * round(rng.uniform(1, 4) / interval)
    return course[:count]


def _ramp(rng, count, interval, low, high):
    del interval
    begin, end = rng.uniform(low, 0.5 * high), rng.uniform(0.8 * high, high)
    if rng.random() < 0.5:
        begin, end = end, begin
    return [begin + (end - begin) * i / max(1, count - 1)
            for i in range(count)]


def _random_walk(rng, count, interval, low, high):
    level = rng.uniform(low, high)
    course = []
    for _ in range(count):
        level += rng.gauss(0, 0.12 * math.sqrt(interval))
        if level < low:
            level = 2 * low - level
        if level > high:
            level = 2 * high - level
        course.append(min(max(level, low), high))
    return course


def _flash_crowd(rng, count, interval, low, high):
    """A quiet start, a rise within 1 s, an exponential decay."""
    quiet = rng.uniform(low, 0.45 * high)
    peak = rng.uniform(0.9 * high, 1.15 * high)
    at = round(rng.uniform(0.15, 0.35) * count)
    rise = max(1, round(rng.uniform(0.4, 1.0) / interval))
    decay = rng.uniform(1.5, 3.5) / interval
    course = []
    for i in range(count):
        if i < at:
            course.append(quiet)
        elif i < at + rise:
            course.append(quiet + (peak - quiet) * (i - at + 1) / rise)
        else:
            left = math.exp(-(i - at - rise) / decay)
            course.append(quiet + (peak - quiet) * left)
    return course


PROFILES = {
    "steps": _steps,
    "ramp": _ramp,
    "random_walk": _random_walk,
    "flash_crowd": _flash_crowd,
}


def _load_course(rng, count, interval, low, high, segment):
    """Cycles through all profiles in random order, with new parameters."""
    course, events = [], []
    while len(course) < count:
        order = list(PROFILES)
        rng.shuffle(order)
        for name in order:
            if len(course) >= count:
                break
            steps = round(rng.uniform(*segment) / interval)
            events.append({"time": round(len(course) * interval, 6),
                           "what": f"load profile {name}"})
            course += PROFILES[name](rng, steps, interval, low, high)
    return course[:count], events


def sweep(seed, samples, interval):
    """Every load profile in turn, all packet sizes, no contention."""
    rng = random.Random(f"sweep {seed}")
    low, high = 0.08, 1.3
    segment = (7.0, 14.0)
    load, events = _load_course(rng, samples, interval, low, high, segment)
    mixes = _mix_course(rng, samples, interval)
    parameters = {
        "kind": "sweep",
        "utilisation_range": [low, high],
        "segment_seconds": list(segment),
        "profiles": list(PROFILES),
    }
    steps = [Step(u, m) for u, m in zip(load, mixes)]
    return Plan(interval, steps, parameters, events)


LEVELS = {
    "cpu": (0.3, 0.6, 1, 2),
    "cache": (1, 2),
    "memory": (1, 2),
    "io": (1, 2, 4),
}


def contention(seed, samples, interval):
    """Moderate load; stress of each kind and level in shuffled phases."""
    rng = random.Random(f"contention {seed}")
    low, high = 0.12, 0.6
    load, events = _load_course(rng, samples, interval, low, high, (7.0, 14.0))
    mixes = _mix_course(rng, samples, interval)
    steps = [Step(u, m) for u, m in zip(load, mixes)]
    at = round(3 / interval)
    while at < samples:
        order = [(kind, level) for kind in STRESSORS for level in LEVELS[kind]]
        rng.shuffle(order)
        for kind, level in order:
            end = at + round(rng.uniform(4, 7) / interval)
            if end > samples:
                at = samples
                break
            for step in steps[at:end]:
                step.stress[kind] = level
            at = end + round(rng.uniform(1.5, 3) / interval)
    plan = Plan(interval, steps, {
        "kind": "contention",
        "utilisation_range": [low, high],
        "segment_seconds": [7.0, 14.0],
        "profiles": list(PROFILES),
        "levels": {kind: list(values) for kind, values in LEVELS.items()},
        "phase_seconds": [4, 7],
        "pause_seconds": [1.5, 3],
    }, events)
    for begin, end, kind, level in plan.phases():
        plan.events.append({"time": round(begin * interval, 6),
                            "what": f"stress {kind} level {level:g} until "
                                    f"{end * interval:g} s"})
    plan.events.sort(key=lambda event: event["time"])
    return plan


MIX_BEFORE = (0.35, 0.25, 0.20, 0.20)
MIX_AFTER = (0.22, 0.23, 0.25, 0.30)
CHANGE_AT = 0.6  # of the recording


def _ornstein_uhlenbeck(rng, mean, deviation, memory, interval):
    """An endless stationary course with correlation time `memory`."""
    keep = math.exp(-interval / memory)
    spread = deviation * math.sqrt(1 - keep * keep)
    level = rng.gauss(0, deviation)
    while True:
        level = keep * level + rng.gauss(0, spread)
        yield mean + level


def drift(seed, samples, interval, change=None):
    """Stationary packet rate; at a known sample the chain changes.

    The packet rate is an Ornstein-Uhlenbeck process whose statistics do not
    change. At the change the firewall and the inspector get more rules and
    signatures and larger packets become more frequent.
    """
    rng = random.Random(f"drift {seed}")
    mean, deviation, memory = 0.48, 0.07, 4.0
    change = round(CHANGE_AT * samples) if change is None else change
    # Utilisation refers to the mix before the change throughout, so the
    # packet rate does not notice it.
    course = _ornstein_uhlenbeck(rng, mean, deviation, memory, interval)
    steps = []
    for i in range(samples):
        load = min(max(next(course), 0.2), 0.85)
        base = MIX_BEFORE if i < change else MIX_AFTER
        shares = _blend(base, _shares(rng, 3), 0.15)
        steps.append(Step(load, shares, reference_shares=MIX_BEFORE))
    plan = Plan(interval, steps, {
        "kind": "drift",
        "utilisation_mean": mean,
        "utilisation_deviation": deviation,
        "memory_seconds": memory,
        "mix_before": list(MIX_BEFORE),
        "mix_after": list(MIX_AFTER),
    }, [], change, grows=True)
    return plan


ONSET_STRESS = ("cpu", 1)  # kind and level


def onset(seed, samples, interval, change=None):
    """Stationary load; from a known sample on, other work on the core."""
    rng = random.Random(f"onset {seed}")
    mean, deviation, memory = 0.35, 0.08, 2.0
    change = round(CHANGE_AT * samples) if change is None else change
    course = _ornstein_uhlenbeck(rng, mean, deviation, memory, interval)
    mixes = _mix_course(rng, samples, interval)
    steps = [Step(min(max(next(course), 0.12), 0.6), mix) for mix in mixes]
    kind, level = ONSET_STRESS
    for step in steps[change:]:
        step.stress[kind] = level
    return Plan(interval, steps, {
        "kind": "onset",
        "utilisation_mean": mean,
        "utilisation_deviation": deviation,
        "memory_seconds": memory,
        "stress": kind,
        "level": level,
    }, [{"time": round(change * interval, 6),
         "what": f"stress {kind} level {level:g} until the end"}], change)


PLANS = {"sweep": sweep, "contention": contention, "drift": drift,
         "onset": onset}
CHANGING = ("drift", "onset")  # take the step of their change
STRESSED = ("contention", "onset")
