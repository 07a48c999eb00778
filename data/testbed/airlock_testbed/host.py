"""What this host has: privileges, tools, hardware events, description."""

import os
import platform
import shutil
import subprocess

from airlock_testbed import chain
from airlock_testbed.errors import TestbedError

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAM = "airlock-testbed-chain"
TOOLS = {"ip": "iproute2", "tc": "iproute2", "nft": "nftables",
         "stress-ng": "stress-ng"}


def find_program(given):
    """Path of the chain program: --chain, the environment, a build folder."""
    given = given or os.environ.get("AIRLOCK_TESTBED_CHAIN")
    if given:
        if os.access(given, os.X_OK):
            return os.path.abspath(given)
        raise TestbedError(f"{given}: not an executable")
    for folder in ("build/testbed", "build/data/testbed", "build"):
        path = os.path.join(ROOT, folder, PROGRAM)
        if os.access(path, os.X_OK):
            return path
    found = shutil.which(PROGRAM)
    if found:
        return found
    raise TestbedError(
        f"{PROGRAM} is not built; build it with\n"
        "  cmake -S data/testbed -B build/testbed && "
        "cmake --build build/testbed\nor name it with --chain PATH")


def cpu_model():
    """Model name of the processor, or 'unknown'."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine() or "unknown"


def kernel():
    """Kernel release, without what the builder appended to it."""
    return platform.release()


def cores():
    """Cores this process may use."""
    return sorted(os.sched_getaffinity(0))


def namespaces_allowed():
    """None when network namespaces work, else the reason they do not."""
    if os.geteuid() != 0:
        return "needs root: network namespaces and packet sockets"
    name = chain.space("check")
    try:
        chain.run(["ip", "netns", "add", name])
        chain.run(["ip", "-n", name, "link", "add", "check-a", "type", "veth",
                   "peer", "name", "check-b"])
        chain.run(["ip", "netns", "exec", name, "nft", "add", "table", "inet",
                   "airlock"])
    except TestbedError as error:
        return str(error)
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=False,
                       capture_output=True)
    return None


def require(needs_stress):
    """Raises TestbedError when a recording cannot work on this host."""
    if os.geteuid() != 0:
        raise TestbedError("needs root: network namespaces and packet sockets")
    for tool, package in TOOLS.items():
        if tool == "stress-ng" and not needs_stress:
            continue
        if shutil.which(tool) is None:
            raise TestbedError(
                f"{tool} is not installed (package {package})")
    if len(cores()) < 2:
        raise TestbedError("needs two cores: one for the generator, the "
                           "bridge and the firewall, one for the inspector")
    if namespaces_allowed() is not None:
        raise TestbedError(namespaces_allowed())


def report(program):
    """Lines of `testbed check`, and whether a recording can work."""
    lines, good = [], True
    reason = "ip is not installed"
    if shutil.which("ip"):
        reason = namespaces_allowed()
    good &= reason is None
    lines.append(f"namespaces        {reason or 'yes'}")
    for tool, package in TOOLS.items():
        path = shutil.which(tool)
        good &= path is not None or tool == "stress-ng"
        lines.append(f"{tool:17} {'yes' if path else 'missing: ' + package}")
    lines.append(f"cores             {len(cores())} ({cpu_model()})")
    good &= len(cores()) >= 2
    for path, what in (("/proc/schedstat", "schedstat"),
                       ("/proc/pressure/cpu", "pressure")):
        lines.append(f"{what:17} {'yes' if _readable(path) else 'no'}")
    if program is None:
        return lines + [f"{PROGRAM} is not built"], False
    probe = subprocess.run([program, "probe"], text=True, check=False,
                           capture_output=True, timeout=10).stdout
    events = [line.split() for line in probe.splitlines()]
    for state in ("present", "absent"):
        names = [name for status, name in events if status == state]
        lines.append(f"hardware {state:8} {', '.join(names) or 'none'}")
    return lines, good


def _readable(path):
    try:
        with open(path, encoding="ascii") as text:
            return bool(text.read(1))
    except OSError:
        return False
