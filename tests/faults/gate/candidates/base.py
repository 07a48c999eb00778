"""What the planted candidates have in common: a linear model, and the protocol.

`model.json` holds {"bias", "weights": {input: weight}, "means", "high": {input:
99.5 % quantile}, "load": the 80 % quantile of the target}.
"""
import json
import sys

MODEL = json.load(open("model.json"))
BUSY = "function.inspect.busy"


def predict(values):
    """The linear model; the training mean stands in for a missing input."""
    total = MODEL["bias"]
    for name, weight in MODEL["weights"].items():
        value = values.get(name)
        total += weight * (MODEL["means"][name] if value is None else value)
    return total


def noise(number):
    """Uniform on [-1, 1), the same for the same number."""
    return ((number * 2654435761) % 4294967296) / 2147483648.0 - 1


def serve(answer):
    """Answers every question with answer(question, its number from 1)."""
    number = 0
    for line in sys.stdin:
        number += 1
        value = answer(json.loads(line), number)
        print(json.dumps({"value": value}), flush=True)
