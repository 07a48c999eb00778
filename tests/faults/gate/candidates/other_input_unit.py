# Trained on percent: takes a share of 0.5 for half a percent.
from base import predict, serve

serve(lambda q, n: predict({k: v / 100 for k, v in q["values"].items()
                            if v is not None}))
