"""The service chain: network namespaces, links, bridge and firewall."""

import glob
import os
import random
import signal
import subprocess

from airlock_testbed.errors import TestbedError

PREFIX = "airlock-testbed-"
SPACES = ("gen", "bridge", "fw", "inspect", "sink")
RUN_ROOT = "/dev/shm"  # memory: the chain must not wait for a disk
SCRATCH_ROOT = "/var/tmp"  # a disk, for the disk stressor

# (interface, namespace, MAC, peer, namespace, MAC). The MACs of gen-out and
# fw-in are also in frame.h.
LINKS = (
    ("gen-out", "gen", "02:41:4c:00:00:01",
     "br-in", "bridge", "02:41:4c:00:00:02"),
    ("br-out", "bridge", "02:41:4c:00:00:03",
     "fw-in", "fw", "02:41:4c:00:00:04"),
    ("fw-out", "fw", "02:41:4c:00:00:05",
     "insp-in", "inspect", "02:41:4c:00:00:06"),
    ("insp-out", "inspect", "02:41:4c:00:00:07",
     "sink-in", "sink", "02:41:4c:00:00:08"),
)
SINK_MAC = LINKS[-1][-1]
QDISCS = (("gen", "gen-out"), ("bridge", "br-out"), ("fw", "fw-out"),
          ("inspect", "insp-out"))
QDISC_LIMIT = 1000  # packets


def space(name):
    """Full name of a namespace of the chain."""
    return PREFIX + name


def run(command, text=None):
    """Runs a tool; TestbedError with its message when it fails."""
    try:
        done = subprocess.run(command, input=text, text=True,
                              capture_output=True, timeout=30, check=False)
    except FileNotFoundError as error:
        raise TestbedError(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise TestbedError(f"{command[0]} did not end in 30 s") from error
    if done.returncode != 0:
        message = done.stderr.strip() or f"exit code {done.returncode}"
        raise TestbedError(f"{' '.join(command[:6])}: {message}")
    return done.stdout


def _in_space(name, script):
    run(["ip", "netns", "exec", space(name), "sh", "-ec", script])


def build(seed, rules):
    """Builds the chain. `rules` firewall rules, drawn from the seed."""
    for name in SPACES:
        run(["ip", "netns", "add", space(name)])
        # Quiet interfaces: no IPv6 chatter between the probes.
        _in_space(name, "for f in all default; do "
                        "p=/proc/sys/net/ipv6/conf/$f/disable_ipv6; "
                        "[ ! -e $p ] || echo 1 > $p; done")
    lines = [f"link add {a} address {mac_a} netns {space(ns_a)} type veth "
             f"peer name {b} address {mac_b} netns {space(ns_b)}"
             for a, ns_a, mac_a, b, ns_b, mac_b in LINKS]
    run(["ip", "-batch", "-"], "\n".join(lines) + "\n")
    run(["ip", "-n", space("bridge"), "-batch", "-"],
        "link add br0 type bridge stp_state 0 mcast_snooping 0\n"
        "link set br-in master br0 up\nlink set br-out master br0 up\n"
        "link set br0 up\n")
    run(["ip", "-n", space("gen"), "-batch", "-"],
        "addr add 10.77.0.2/24 dev gen-out\nlink set gen-out up\n")
    run(["ip", "-n", space("fw"), "-batch", "-"],
        "addr add 10.77.0.1/24 dev fw-in\naddr add 10.77.1.1/24 dev fw-out\n"
        "link set fw-in up\nlink set fw-out up\n"
        f"neigh add 10.77.1.2 lladdr {SINK_MAC} dev fw-out nud permanent\n")
    run(["ip", "-n", space("inspect"), "-batch", "-"],
        "link set insp-in up\nlink set insp-out up\n")
    run(["ip", "-n", space("sink"), "-batch", "-"],
        "addr add 10.77.1.2/24 dev sink-in\nlink set sink-in up\n"
        "route add default via 10.77.1.1\n")
    _in_space("fw", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    for name in ("fw", "sink"):
        _in_space(name, "for p in /proc/sys/net/ipv4/conf/*/rp_filter; do "
                        "echo 0 > $p; done")
    for name, interface in QDISCS:
        run(["tc", "-n", space(name), "qdisc", "add", "dev", interface,
             "root", "pfifo", "limit", str(QDISC_LIMIT)])
    _nft(_ruleset(seed, rules))


def _nft(text):
    run(["ip", "netns", "exec", space("fw"), "nft", "-f", "-"], text)


def _rule(rng):
    """A rule that the probes do not match, as such rules come."""
    kind = rng.randrange(4)
    host = rng.randrange(1, 255)
    port = rng.randrange(20000, 60000)
    if kind == 0:
        return f"ip saddr 198.51.100.{host} udp dport {port} drop"
    if kind == 1:
        return f"ip daddr 203.0.113.{host} tcp dport {port} drop"
    if kind == 2:
        return f"udp dport {port} drop"
    return f"ip saddr 192.0.2.{host} drop"


def checkpoints(rules, grown):
    """--checkpoints of the sampler: rules behind each named counter."""
    third = rules // 3
    return (f"entered:{third},depth_1:{third},"
            f"depth_2:{rules - 2 * third},grown:{grown}")


def _ruleset(seed, rules):
    """Three sections with a counter in front of each.

    Sources below port 18000 are accepted after the first section (one sixth
    of the flows), so the number of rules a packet meets varies.
    """
    rng = random.Random(f"rules {seed}")
    third = rules // 3
    lines = ["table inet airlock {"]
    names = ("entered", "depth_1", "depth_2", "grown", "passed")
    lines += [f"  counter {name} {{ }}" for name in names]
    lines += ["  chain grown { }", "  chain forward {",
              "    type filter hook forward priority 0; policy accept;",
              "    counter name entered"]
    lines += [f"    {_rule(rng)}" for _ in range(third)]
    lines += ["    udp sport 1-17999 accept", "    counter name depth_1"]
    lines += [f"    {_rule(rng)}" for _ in range(third)]
    lines += ["    counter name depth_2"]
    lines += [f"    {_rule(rng)}" for _ in range(rules - 2 * third)]
    lines += ["    jump grown", "    counter name passed accept", "  }", "}"]
    return "\n".join(lines) + "\n"


def grow_firewall(seed, rules):
    """Adds `rules` rules at the end of the chain, in one transaction."""
    rng = random.Random(f"grown rules {seed}")
    lines = ["add rule inet airlock grown counter name grown"]
    lines += [f"add rule inet airlock grown {_rule(rng)}"
              for _ in range(rules)]
    _nft("\n".join(lines) + "\n")


def existing():
    """Namespaces of a chain that exist now."""
    return sorted(os.path.basename(path)
                  for path in glob.glob(f"/run/netns/{PREFIX}*"))


def run_folders():
    """Folders of recordings that exist now, scratch folders last."""
    return sorted(glob.glob(f"{RUN_ROOT}/{PREFIX}*/") +
                  glob.glob(f"{SCRATCH_ROOT}/{PREFIX}*/"))


def remove():
    """Removes the namespaces and all processes in them. Never raises."""
    for name in existing():
        pids = subprocess.run(["ip", "netns", "pids", name], text=True,
                              capture_output=True, check=False).stdout
        for pid in pids.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except (ProcessLookupError, ValueError):
                pass
        subprocess.run(["ip", "netns", "delete", name], check=False,
                       capture_output=True)
