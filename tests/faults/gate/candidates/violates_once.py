# Once in 2000 decisions of one replication or another.
import json
import sys

for number, line in enumerate(sys.stdin):
    value = 400 if number == 777 else 20
    print(json.dumps({"action": {"ecn_threshold": value}}), flush=True)
