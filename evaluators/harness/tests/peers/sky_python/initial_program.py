def answer():
    return 5
