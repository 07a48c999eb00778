import time

from base import predict, serve


def answer(q, n):
    if n == 150:
        time.sleep(1)
    return predict(q["values"])


serve(answer)
