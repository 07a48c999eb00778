"""Fits the linear model of base.py: reads train.json, writes model.json."""
import json

data = json.load(open("train.json"))
names = data["inputs"]
rows = data["x"]
target = data["y"]
count = len(names) + 1
normal = [[0.0] * (count + 1) for _ in range(count)]
for row, y in zip(rows, target):
    full = [1.0] + row
    for i in range(count):
        for j in range(count):
            normal[i][j] += full[i] * full[j]
        normal[i][count] += full[i] * y
for i in range(count):  # Gauss and Jordan
    pivot = max(range(i, count), key=lambda r: abs(normal[r][i]))
    normal[i], normal[pivot] = normal[pivot], normal[i]
    for r in range(count):
        if r != i:
            factor = normal[r][i] / normal[i][i]
            normal[r] = [a - factor * b for a, b in zip(normal[r], normal[i])]
solution = [normal[i][count] / normal[i][i] for i in range(count)]


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


columns = list(zip(*rows))
json.dump({
    "bias": solution[0],
    "weights": dict(zip(names, solution[1:])),
    "means": {n: sum(c) / len(c) for n, c in zip(names, columns)},
    "high": {n: quantile(c, 0.995) for n, c in zip(names, columns)},
    "most": {n: max(c) for n, c in zip(names, columns)},
    "load": quantile(target, 0.8),
}, open("model.json", "w"))
