def f():
    raise ValueError("no packing\nsecond line")
f()
