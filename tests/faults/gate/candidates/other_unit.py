# Trained on kbit/s.
from base import predict, serve

serve(lambda q, n: predict(q["values"]) / 1000)
