import json
import sys

from base import predict

for line in sys.stdin:
    print(json.dumps({"prediction": predict(json.loads(line)["values"])}),
          flush=True)
