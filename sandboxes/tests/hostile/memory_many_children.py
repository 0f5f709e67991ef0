# Eight children, each far below the limit, together far above it.
import time
breach = []
reader, writer = os.pipe()
children = []
for _ in range(8):
    children.append(os.fork())
    if children[-1] == 0:
        try:
            block = bytearray(100 << 20)
            block[::4096] = b"x" * len(block[::4096])
            os.write(writer, b".")
            time.sleep(60)
        finally:
            os._exit(1)
os.close(writer)
os.set_blocking(reader, False)
end = time.monotonic() + 8
got = 0
while got < 8 and time.monotonic() < end and not os.waitpid(-1, os.WNOHANG)[0]:
    time.sleep(0.01)
    try:
        got += len(os.read(reader, 8))
    except BlockingIOError:
        pass
if got < 8:
    raise MemoryError("the children got no more")
breach.append("800 MiB in eight processes")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
