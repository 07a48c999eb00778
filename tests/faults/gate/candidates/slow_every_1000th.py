import time

from base import predict, serve


def answer(q, n):
    if n % 1000 == 0:
        time.sleep(0.7)
    return predict(q["values"])


serve(answer)
