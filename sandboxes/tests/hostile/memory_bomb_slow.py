# In small pieces, and in a child process.
if os.fork() == 0:
    pieces = []
    while True:
        pieces.append("x" * 1000 + str(len(pieces)))
status = os.wait()[1]
raise MemoryError("the child got no more") if status else SystemExit(0)
