# A controller that sets the threshold once.
import json
import sys

for number, line in enumerate(sys.stdin):
    action = {"ecn_threshold": 20} if number == 0 else {}
    print(json.dumps({"action": action}), flush=True)
