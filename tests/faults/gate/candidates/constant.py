from base import MODEL, predict, serve

serve(lambda q, n: predict(MODEL["means"]))
