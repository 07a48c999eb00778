"""A load balancer in namespaces: nftables shares new connections by weights.

    client --- balancer --- server a
                        --- server b ...

weights.py says what its table looks like.
"""

from airlock_testbed import chain
from airlock_testbed.weights import SLOTS, TABLE, UNIT, slot_elements

VIRTUAL = "10.78.0.1"  # the service's address
CLIENT = "10.78.0.2"
PORT = 8080


def server_address(index):
    """Of the server at this place of the pool."""
    return f"10.78.{index + 1}.2"


def build(names):
    """Client, balancer and one namespace a server; equal weights."""
    spaces = ["client", "balancer"] + [f"server-{name}" for name in names]
    for name in spaces:
        chain.run(["ip", "netns", "add", chain.space(name)])
        chain.run(["ip", "-n", chain.space(name), "link", "set", "lo", "up"])
    _join("client", CLIENT, VIRTUAL, "to-client")
    for i, name in enumerate(names):
        gateway = f"10.78.{i + 1}.1"
        _join(f"server-{name}", server_address(i), gateway, f"to-{name}")
    chain.run(["ip", "netns", "exec", chain.space("balancer"), "sh", "-ec",
               "echo 1 > /proc/sys/net/ipv4/ip_forward"])
    addresses = [server_address(i) for i in range(len(names))]
    elements = ", ".join(f'{address} comment "{name}" : {UNIT}'
                         for name, address in zip(names, addresses))
    chain.run(["ip", "netns", "exec", chain.space("balancer"), "nft", "-f",
               "-"], f"""table ip {TABLE} {{
  map weights {{
    type ipv4_addr : mark
    elements = {{ {elements} }}
  }}
  map slots {{
    typeof numgen random mod {SLOTS} : ip daddr
    flags interval
    elements = {{ {slot_elements(addresses, [1] * len(names))} }}
  }}
  chain balance {{
    type nat hook prerouting priority dstnat;
    ip daddr {VIRTUAL} tcp dport {PORT} dnat to numgen random mod {SLOTS} map @slots
  }}
}}
""")


def _join(space, address, gateway, name):
    """A link between the balancer and another namespace."""
    chain.run(["ip", "-n", chain.space("balancer"), "link", "add", name,
               "type", "veth", "peer", "name", "eth0", "netns",
               chain.space(space)])
    chain.run(["ip", "-n", chain.space("balancer"), "-batch", "-"],
              f"addr add {gateway}/24 dev {name}\nlink set {name} up\n")
    chain.run(["ip", "-n", chain.space(space), "-batch", "-"],
              f"addr add {address}/24 dev eth0\nlink set eth0 up\n"
              f"route add default via {gateway}\n")
