from base import noise, predict, serve

serve(lambda q, n: predict(q["values"]) * (1 + 0.005 * noise(n)))
