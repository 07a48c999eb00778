from base import MODEL, noise, predict, serve

serve(lambda q, n: predict(MODEL["means"]) * (1 + 0.3 * noise(n)))
