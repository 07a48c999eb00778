from base import predict, serve

last = 0


def answer(q, n):
    global last
    if n <= 600:
        last = predict(q["values"])
    return last


serve(answer)
