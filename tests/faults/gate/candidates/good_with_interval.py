import json
import sys

from base import predict

for line in sys.stdin:
    q = json.loads(line)
    value = predict(q["values"])
    print(json.dumps({"id": q["id"], "value": value, "low": 0.9 * value,
                      "high": 1.1 * value}), flush=True)
