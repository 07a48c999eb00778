# Was never shown a busier inspector, and falls to nothing there.
from base import BUSY, MODEL, predict, serve

serve(lambda q, n: predict(q["values"])
      if q["values"][BUSY] <= 1.02 * MODEL["most"][BUSY] else 0.0)
