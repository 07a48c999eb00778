import time

from base import predict, serve


def answer(q, n):
    if n == 150:
        time.sleep(0.4)
    return predict(q["values"])


serve(answer)
