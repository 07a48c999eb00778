from base import BUSY, MODEL, predict, serve

serve(lambda q, n: None if q["values"][BUSY] > MODEL["high"][BUSY]
      else predict(q["values"]))
