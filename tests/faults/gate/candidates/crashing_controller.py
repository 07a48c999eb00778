import json
import sys

for number, line in enumerate(sys.stdin):
    if number == 500:
        sys.exit(1)
    print(json.dumps({"action": {}}), flush=True)
