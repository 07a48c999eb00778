import json
import sys

from base import predict

for line in sys.stdin:
    q = json.loads(line)
    shown = q["id"] - 1 if q["id"] == 200 else q["id"]
    print(json.dumps({"id": shown, "value": predict(q["values"])}), flush=True)
