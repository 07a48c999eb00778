"""The weights of a load balancer in nftables, set and read.

They live in the kernel alone: table `ip airlock` has a map `weights` from a
server's address (its name is the element's comment) to its weight in
millionths, and a map `slots` from a random number of a new connection to the
server that it goes to. Both are replaced in one transaction. Connections that
exist stay where they are (conntrack).

Imports little, and subprocess not at all: an actuator starts twice for each
change, and importing that takes longer than the rest.
"""

import json
import os

from airlock_testbed.errors import InputError, TestbedError

TABLE = "airlock"
SLOTS = 1000
MOST_WEIGHT = 2
UNIT = 1_000_000  # of a weight, as the kernel keeps it


def _nft(space, *arguments, text=""):
    """What nft prints, with `text` on its standard input."""
    # `ip netns exec` would mount file systems anew, which takes far longer.
    enter = ["nsenter", f"--net=/run/netns/{space}"] if space else []
    command = [*enter, "nft", *arguments]
    text_end, our_end = os.pipe()
    answer, answer_end = os.pipe()
    try:
        pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, text_end, 0),
            (os.POSIX_SPAWN_DUP2, answer_end, 1),
            (os.POSIX_SPAWN_DUP2, answer_end, 2)])
    except FileNotFoundError as error:
        raise TestbedError(f"{command[0]} is not installed") from error
    finally:
        os.close(text_end)
        os.close(answer_end)
    with open(our_end, "w", encoding="utf-8") as out:
        out.write(text)
    with open(answer, encoding="utf-8") as lines:
        said = lines.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code != 0:
        raise TestbedError(f"nft: exit code {code}: {said.strip()}")
    return said


def apportion(weights, slots=SLOTS):
    """Slots by weight: largest remainders; a weight above 0 has at least one.

    Their sum is `slots`. Throws InputError for weights that are none.
    """
    if any(not 0 <= w <= MOST_WEIGHT for w in weights):
        raise InputError(f"weights are 0 to {MOST_WEIGHT}: {weights}")
    total = sum(weights)
    if total <= 0:
        raise InputError("all weights are 0: nobody would be served")
    exact = [slots * w / total for w in weights]
    counts = [max(int(e), 1 if w > 0 else 0)
              for e, w in zip(exact, weights)]
    order = sorted(range(len(weights)), key=lambda i: counts[i] - exact[i])
    while sum(counts) < slots:
        i = order.pop(0)
        counts[i] += 1
    while sum(counts) > slots:  # those that had to have one
        counts[max(range(len(counts)), key=lambda i: counts[i] - exact[i]
                   if counts[i] > 1 else -slots)] -= 1
    return counts


def slot_elements(addresses, weights):
    elements, at = [], 0
    for address, count in zip(addresses, apportion(weights)):
        if count > 0:
            elements.append(f"{at}-{at + count - 1} : {address}")
        at += count
    return ", ".join(elements)


def _maps(space):
    """Elements of the table's maps by name: (key, value, comment)."""
    text = _nft(space, "-j", "list", "table", "ip", TABLE)
    found = {}
    for item in json.loads(text)["nftables"]:
        if "map" not in item:
            continue
        elements = found.setdefault(item["map"]["name"], [])
        for key, value in item["map"].get("elem", []):
            comment = ""
            if isinstance(key, dict) and "elem" in key:
                comment = key["elem"].get("comment", "")
                key = key["elem"]["val"]
            elements.append((key, value, comment))
    if not {"weights", "slots"} <= set(found):
        raise InputError(f"table ip {TABLE} has no maps `weights` and `slots`")
    return found


def _servers(maps):
    """{name: (address, weight)} in the kernel's order."""
    return {comment: (address, value / UNIT)
            for address, value, comment in maps["weights"]}


def parse(text):
    """{name: weight} of "a=2,b=0.5"."""
    weights = {}
    for part in text.split(","):
        name, _, number = part.partition("=")
        try:
            weights[name] = float(number)
        except ValueError as error:
            raise InputError(f"'{part}' is not NAME=WEIGHT") from error
    return weights


def set_weights(space, weights):
    """All weights at once, or none."""
    servers = _servers(_maps(space))
    if set(weights) != set(servers):
        raise InputError(f"the servers are {', '.join(sorted(servers))}, "
                         f"not {', '.join(sorted(weights))}")
    addresses = [servers[name][0] for name in weights]
    slots = slot_elements(addresses, list(weights.values()))
    elements = ", ".join(
        f'{address} comment "{name}" : {round(UNIT * weights[name])}'
        for name, address in zip(weights, addresses))
    _nft(space, "-f", "-", text=
         f"flush map ip {TABLE} slots\nflush map ip {TABLE} weights\n"
         f"add element ip {TABLE} slots {{ {slots} }}\n"
         f"add element ip {TABLE} weights {{ {elements} }}\n")


def read_weights(space):
    """What is configured, and what new connections meet, both by server."""
    maps = _maps(space)
    servers = _servers(maps)
    counts = dict.fromkeys((address for address, _ in servers.values()), 0)
    for key, address, _ in maps["slots"]:
        low, high = key["range"] if isinstance(key, dict) else (key, key)
        counts[address] = counts.get(address, 0) + high - low + 1
    total = sum(weight for _, weight in servers.values())
    state = {name: counts[address] / SLOTS * total
             for name, (address, _) in servers.items()}
    return {"configuration": {name: w for name, (_, w) in servers.items()},
            "state": state}
