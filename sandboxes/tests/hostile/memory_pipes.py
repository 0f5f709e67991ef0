# Fills pipes and sockets, whose buffers are the kernel's memory.
import fcntl, socket
breach = []
size = 0
kept = []
try:
    while True:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        try:
            fcntl.fcntl(writer, 1031, 1 << 20)  # F_SETPIPE_SZ
        except OSError:
            pass
        kept.append(socket.socketpair())
        for fd in (writer, kept[-1][0].fileno()):
            os.set_blocking(fd, False)
            try:
                while True:
                    size += os.write(fd, b"x" * 65536)
            except BlockingIOError:
                pass
except OSError:
    pass
kept.clear()
os.closerange(3, 1024)
if size >= 1 << 29:
    breach.append("512 MiB in the kernel's buffers")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
