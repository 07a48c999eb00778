from base import noise, serve

serve(lambda q, n: (q["last_target"] or 0) * (1 + 0.002 * noise(n)))
