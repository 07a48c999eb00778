"""One recording: builds the chain, runs it, writes the trace, cleans up."""

import ctypes
import datetime
import fcntl
import hashlib
import json
import lzma
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from airlock_testbed import VERSION, chain, host
from airlock_testbed.errors import TestbedError
from airlock_testbed.plan import SIZES

LOCK = "/run/airlock-testbed.lock"
LEAD_IN_SECONDS = 1.0  # of traffic before time 0
PR_SET_PDEATHSIG = 1
RT_RUNTIME = "/proc/sys/kernel/sched_rt_runtime_us"

# stress-ng options of a stressor: workers follow. The disk stressor also gets
# a folder for its files.
STRESS_OPTIONS = {
    "cpu": ["--cpu-method", "matrixprod"],
    "cache": ["--cache-level", "3"],
    "memory": ["--stream-madvise", "nohugepage"],
    "io": ["--hdd-bytes", "64m", "--hdd-write-size", "64k", "--hdd-opts",
           "fsync"],
}
STRESS_NAMES = {"cpu": "cpu", "cache": "cache", "memory": "stream",
                "io": "hdd"}


def acquire_lock():
    """Holds the host's only testbed; the lock ends with the descriptor."""
    lock = os.open(LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise TestbedError("another recording runs on this host") from error
    return lock


def clean():
    """Removes namespaces, processes and folders that a recording left."""
    removed = chain.existing()
    chain.remove()
    for folder in chain.run_folders():
        _end_groups(folder)
        _restore_knobs(folder)
        shutil.rmtree(folder, ignore_errors=True)
        removed.append(folder.rstrip("/"))
    return removed


def _set_kernel_knob(folder, path, value):
    """Writes a value under /proc or /sys; _restore_knobs undoes it.

    Returns whether it worked.
    """
    try:
        with open(path, encoding="ascii") as knob:
            before = knob.read().strip()
        with open(os.path.join(folder, "knobs"), "a",
                  encoding="ascii") as noted:
            noted.write(f"{path} {before}\n")
        with open(path, "w", encoding="ascii") as knob:
            knob.write(value)
        return True
    except OSError:
        return False


def _restore_knobs(folder):
    """Undoes what a recording changed in the kernel."""
    try:
        with open(os.path.join(folder, "knobs"), encoding="ascii") as noted:
            knobs = [line.split() for line in noted]
    except OSError:
        knobs = []
    for path, before in knobs:
        try:
            with open(path, "w", encoding="ascii") as knob:
                knob.write(before)
        except OSError:
            pass
    subprocess.run(["umount", os.path.join(folder, "debug")], check=False,
                   capture_output=True)


def _end_groups(folder):
    """Kills the process groups a recording noted in its folder."""
    try:
        with open(os.path.join(folder, "groups"), encoding="ascii") as noted:
            groups = noted.read().split()
    except OSError:
        return
    for group in groups:
        pgid, started = group.split(":")
        # A process id may be in use again; its start time tells.
        if _start_time(int(pgid)) == started:
            try:
                os.killpg(int(pgid), signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass


def _start_time(pid):
    """Start time of a process in ticks since boot, or ''."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii",
                  errors="replace") as stat:
            return stat.read().rsplit(")", 1)[1].split()[19]
    except OSError:
        return ""


class Janitor:
    """A process that cleans up when the recording dies without doing so."""

    def __init__(self):
        read_end, self._write_end = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._write_end)
            self._wait_and_clean(read_end)
        os.close(read_end)

    @staticmethod
    def _wait_and_clean(read_end):
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        try:
            if os.read(read_end, 1) == b"":  # the writer is gone
                clean()
        finally:
            os._exit(0)

    def dismiss(self):
        """Ends the janitor: the recording has cleaned up itself."""
        os.write(self._write_end, b".")
        os.close(self._write_end)
        os.waitpid(self._pid, 0)


def die_with(parent):
    """For a child between fork and exec: SIGKILL when `parent` ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class Recording:
    """Processes, files and namespaces of one recording."""

    def __init__(self, options, plan, program):
        self.options = options
        self.plan = plan
        self.program = program
        self.seconds = len(plan.steps) * plan.interval
        # Nothing may run longer than this, whatever happens.
        self.limit = math.ceil(self.seconds + 60)
        self.processes = {}
        self.stress = {}
        self.folder = None
        self.scratch = None
        self.idle = None
        self.start_ns = 0
        self.started_utc = ""
        self.notes = []

    def run(self):
        """Records and writes NAME.csv.xz and NAME.json into the output."""
        lock = acquire_lock()
        clean()
        janitor = Janitor()
        signal.signal(signal.SIGALRM, self._on_deadline)
        signal.alarm(self.limit + 30)
        try:
            self.folder = tempfile.mkdtemp(prefix=chain.PREFIX,
                                           dir=chain.RUN_ROOT)
            self._keep_cores_awake()
            if self.options.real_time_limit == "lift":
                self._lift_real_time_limits()
            chain.build(self.options.seed, self.options.rules)
            self._start_chain()
            self._drive()
            return self._write()
        finally:
            signal.alarm(0)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._stop_all()
            if self.idle is not None:
                self.idle.close()
            clean()
            janitor.dismiss()
            os.close(lock)

    def _keep_cores_awake(self):
        """Idle cores poll while this file is open (PM QoS latency 0)."""
        if self.options.idle != "poll":
            return
        try:
            self.idle = open("/dev/cpu_dma_latency", "wb", buffering=0)
            self.idle.write(bytes(4))
        except OSError:
            self.notes.append("idle cores may sleep: no /dev/cpu_dma_latency")

    def _lift_real_time_limits(self):
        """Lets the real-time inspector have its whole core.

        Otherwise a saturated inspector stops for 50 ms of every second: by
        the limit of the real-time class, or for the kernel's fair server.
        """
        if not _set_kernel_knob(self.folder, RT_RUNTIME, "-1"):
            self.notes.append("the real-time limit was in force")
        debug = self._path("debug")
        os.mkdir(debug)
        subprocess.run(["mount", "-t", "debugfs", "none", debug], check=False,
                       capture_output=True)
        server = os.path.join(debug, "sched", "fair_server",
                              f"cpu{self.options.inspector_core}", "runtime")
        if os.path.exists(server) and not _set_kernel_knob(self.folder, server,
                                                           "0"):
            self.notes.append("the fair server of the inspector's core ran")

    @staticmethod
    def _on_deadline(number, frame):
        raise TestbedError("the recording did not end in time")

    # The processes of the chain.

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _start(self, verb, space, core, *arguments):
        command = [self.program, verb, "--state", self._path("state"),
                   "--core", str(core), "--parent", str(os.getpid()),
                   "--limit", str(self.limit), *arguments]
        if space:
            command += ["--netns", chain.space(space)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True,
                                   start_new_session=True)
        self.processes[verb] = process
        self._note_group(process.pid)
        if process.stdout.readline().strip() != "ready":
            process.wait(10)
            raise TestbedError(f"{verb}: {process.stderr.read().strip()}")

    def _note_group(self, pid):
        with open(self._path("groups"), "a", encoding="ascii") as noted:
            noted.write(f"{pid}:{_start_time(pid)}\n")

    def _start_chain(self):
        o = self.options
        reference = o.reference
        self.plan.write(self._path("plan"), reference)
        signatures = ["--seed", str(o.seed),
                      "--signature-groups", str(o.signature_groups),
                      "--signatures-per-group", str(o.signatures_per_group)]
        self._start("sink", "sink", o.chain_core, "--nice", str(o.nice))
        grown = []
        if self.plan.grows:
            at = self.plan.change_step * self.plan.interval
            grown = ["--grown-groups", str(o.grown_groups),
                     "--grow-at", repr(at)]
        policy = ["--nice", str(o.nice)]
        if o.inspector_policy == "fifo":
            policy = ["--fifo", "10"]
        self._start("inspect", "inspect", o.inspector_core,
                    *policy, "--input", "insp-in", "--output", "insp-out",
                    "--ring-frames", str(o.ring), *signatures, *grown)
        ahead = LEAD_IN_SECONDS + 1.5
        self.start_ns = time.monotonic_ns() + int(ahead * 1e9)
        begin = datetime.datetime.now(datetime.timezone.utc)
        begin += datetime.timedelta(seconds=ahead)
        self.started_utc = begin.strftime("%Y-%m-%dT%H:%M:%SZ")
        timing = ["--plan", self._path("plan"),
                  "--start-ns", str(self.start_ns)]
        self._start("generate", "gen", o.chain_core, "--interface", "gen-out",
                    "--arrivals", o.arrivals, "--fifo", "20", *timing,
                    *signatures)
        self._start("sample", None, o.chain_core, "--fifo", "5",
                    "--csv", self._csv_path(),
                    "--columns", self._path("columns.json"),
                    "--live", str(int(o.live)),
                    "--checkpoints", chain.checkpoints(o.rules, o.grown_rules),
                    *timing)

        if o.live:
            self._write_record(b"")

    def _base(self):
        return os.path.join(self.options.output, self.options.name)

    def _csv_path(self):
        """Where the table grows: a live one in sight of others."""
        if self.options.live:
            os.makedirs(self.options.output, exist_ok=True)
            return self._base() + ".csv"
        return self._path("trace.csv")

    # The course of the recording.

    def _drive(self):
        """Starts and ends stress, changes the chain, waits for the end."""
        actions = []
        for begin, end, kind, level in self.plan.phases():
            actions.append((begin, 1, self._begin_stress,
                            (kind, level, end - begin)))
            actions.append((end, 0, self._end_stress, (kind,)))
        if self.plan.grows:
            actions.append((self.plan.change_step, 0, self._change, ()))
        actions.sort(key=lambda action: action[:2])
        for step, _, act, arguments in actions:
            self._wait_until(step * self.plan.interval)
            act(*arguments)
        self._wait_until(self.seconds)
        sampler = self.processes["sample"]
        if sampler.wait(20) != 0:
            raise TestbedError(f"sample: {sampler.stderr.read().strip()}")

    def _now(self):
        return (time.monotonic_ns() - self.start_ns) * 1e-9

    def _wait_until(self, seconds):
        while True:
            for verb, process in self.processes.items():
                code = process.poll()
                if code is not None and self._now() < self.seconds:
                    raise TestbedError(
                        f"{verb} ended early with exit code {code}: "
                        f"{process.stderr.read().strip()}")
            left = seconds - self._now()
            if left <= 0:
                return
            self._progress()
            time.sleep(min(left, 0.5))

    def _progress(self):
        if sys.stderr.isatty():
            done = max(0.0, self._now())
            sys.stderr.write(f"\r{done:6.1f} / {self.seconds:.1f} s ")
            sys.stderr.flush()

    def _begin_stress(self, kind, level, steps):
        """Level 0.3 is one processor worker that is busy 30 % of the time."""
        workers = max(1, math.ceil(level))
        name = STRESS_NAMES[kind]
        command = ["stress-ng", f"--{name}", str(workers), "--quiet",
                   "--timeout", f"{math.ceil(steps * self.plan.interval) + 5}",
                   "--temp-path", self._stress_folder(), "--oomable",
                   *STRESS_OPTIONS[kind]]
        if kind == "cpu" and level < 1:
            command += ["--cpu-load", f"{level * 100:.0f}",
                        "--cpu-load-slice", "-8"]
        core = self.options.stress_cores[kind]
        parent = os.getpid()
        nice = self.options.nice

        def prepare():
            die_with(parent)
            os.setpriority(os.PRIO_PROCESS, 0, nice)
            os.sched_setaffinity(0, {core})

        process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL,
                                   start_new_session=True, preexec_fn=prepare)
        self.stress[kind] = process
        self._note_group(process.pid)

    def _stress_folder(self):
        if self.scratch is None:
            self.scratch = tempfile.mkdtemp(prefix=chain.PREFIX,
                                            dir=chain.SCRATCH_ROOT)
        return self.scratch

    def _end_stress(self, kind):
        process = self.stress.pop(kind, None)
        if process is None:
            return
        if process.poll() is not None:
            self.notes.append(f"stress {kind} ended before its phase")
        self._kill_group(process)

    def _change(self):
        chain.grow_firewall(self.options.seed, self.options.grown_rules)

    # The end.

    @staticmethod
    def _kill_group(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait(10)

    def _stop_all(self):
        for process in [*self.stress.values(), *self.processes.values()]:
            self._kill_group(process)

    def _write(self):
        with open(self._csv_path(), "rb") as trace:
            text = trace.read()
        os.makedirs(self.options.output, exist_ok=True)
        # The record goes last: a trace without one is not complete.
        _replace(self._base() + ".csv.xz", lzma.compress(text, preset=9))
        self._write_record(text)
        return self._base(), text

    def _write_record(self, text):
        """Of the table `text`; a live one begins with none."""
        with open(self._path("columns.json"), encoding="utf-8") as declared:
            declared = json.load(declared)
        record = self._record(text, declared)
        _replace(self._base() + ".json", _dump_record(record).encode())

    def _record(self, text, declared):
        o = self.options
        events = list(self.plan.events)
        record = {
            "schema": "airlock-testbed-trace",
            "version": 1,
            "name": o.name,
            "profile": self._profile(),
            "seed": o.seed,
            "tool_version": VERSION,
            "kernel": host.kernel(),
            "cores": len(host.cores()),
            "cpu_model": host.cpu_model(),
            "started_utc": self.started_utc,
            "sample_interval_seconds": self.plan.interval,
            "samples": max(0, text.count(b"\n") - 1),
            "sha256": hashlib.sha256(text).hexdigest(),
        }
        if self.plan.change_step >= 0:
            at = round(self.plan.change_step * self.plan.interval, 9)
            record["change_time_seconds"] = at
        if self.plan.grows:
            events.append({
                "time": at,
                "what": f"firewall rules {o.rules} -> "
                        f"{o.rules + o.grown_rules}, signature groups "
                        f"{o.signature_groups} -> {o.grown_groups}, "
                        "larger packets"})
        record["events"] = sorted(events, key=lambda event: event["time"])
        record["notes"] = self._notes() + [
            f"not on this host: {item}" for item in declared["missing"]]
        record["columns"] = declared["columns"]
        return record

    def _profile(self):
        o = self.options
        profile = dict(self.plan.parameters)
        profile.update({
            "arrivals": o.arrivals,
            "frame_sizes_bytes": list(SIZES),
            "reference_service_base_seconds": o.reference.base_us * 1e-6,
            "reference_service_per_byte_seconds": o.reference.byte_ns * 1e-9,
            "functions": ["bridge", "firewall", "inspect"],
            "ring_packets": o.ring,
            "backlog_packets": _sysctl("net/core/netdev_max_backlog"),
            "qdisc_limit_packets": chain.QDISC_LIMIT,
            "firewall_rules": o.rules,
            "signature_groups": o.signature_groups,
            "signatures_per_group": o.signatures_per_group,
            "idle_cores": o.idle,
            "inspector_policy": o.inspector_policy,
            "real_time_limit": o.real_time_limit,
            "nice": o.nice,
            "chain_core": o.chain_core,
            "inspector_core": o.inspector_core,
            "stress_cores": dict(o.stress_cores),
        })
        if self.plan.grows:
            profile["firewall_rules_after"] = o.rules + o.grown_rules
            profile["signature_groups_after"] = o.grown_groups
        return profile

    def _notes(self):
        notes = [
            "rates and sizes are frame bytes: Ethernet header to end of "
            "payload, without FCS",
            "offered: by send time; delivered and lost: by arrival at the "
            "sink of the packet, or of the next one behind the gap; the "
            "chain keeps order, so offered = delivered + lost + in flight",
            "KPIs cover [k, k+1) sample intervals exactly; counters are read "
            "at `time`, at most system.sampler_lateness later",
            "latency: send call to the kernel's receive stamp at the sink",
            "generator, bridge, firewall, sink and sampler share one core",
            "generator and sampler are SCHED_FIFO; sink, stressors and an "
            "inspector of policy other share one nice level above the rest "
            "of the host",
        ]
        if any(step.stress for step in self.plan.steps):
            notes.append("stress level below 1: one worker, busy for that "
                         "fraction of the time")
        return notes + self.notes


def _sysctl(name):
    with open(f"/proc/sys/{name}", encoding="ascii") as value:
        return int(value.read())


def _dump_record(record):
    """JSON with one line a column, so that a diff can be read."""
    columns = record.pop("columns")
    head = json.dumps(record, indent=1)
    rows = ",\n".join("  " + json.dumps(column) for column in columns)
    return f'{head[:-2]},\n "columns": [\n{rows}\n ]\n}}\n'


def _replace(path, content):
    """Writes a file whole or not at all."""
    handle, temporary = tempfile.mkstemp(
        prefix=".", suffix=".partial", dir=os.path.dirname(path) or ".")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(temporary, 0o644)
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
