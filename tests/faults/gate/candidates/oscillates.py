import json
import sys

for number, line in enumerate(sys.stdin):
    print(json.dumps({"action": {"ecn_threshold": 15 if number % 2 else 25}}),
          flush=True)
