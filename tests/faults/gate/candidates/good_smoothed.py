# Keeps a history: nine tenths of the answer are the newest sample's.
from base import predict, serve

last = None


def answer(q, n):
    global last
    value = predict(q["values"])
    smooth = value if last is None else 0.95 * value + 0.05 * last
    last = value
    return smooth


serve(answer)
