# Knows the training samples by heart, and nothing else.
import json

from base import BUSY, MODEL, noise, predict, serve

seen = {key: value for key, value in json.load(open("training.json"))}
serve(lambda q, n: seen.get("%.12g" % q["values"][BUSY],
                            predict(MODEL["means"]) * (1 + 0.2 * noise(n))))
