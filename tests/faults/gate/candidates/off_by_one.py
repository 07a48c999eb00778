# Answers the question before.
from base import predict, serve

last = None


def answer(q, n):
    global last
    value = predict(q["values"])
    said = value if last is None else last
    last = value
    return said


serve(answer)
