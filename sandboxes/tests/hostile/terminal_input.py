# Types a command into the terminal of whoever started the run.
import fcntl
breach = []
files = [0, 1, 2]
for name in ("/dev/tty", "/dev/console", "/dev/tty0", "/dev/tty1", "/dev/ttyS0", "/proc/1/fd/0"):
    for mode in (os.O_RDWR, os.O_RDONLY):
        try:
            files.append(os.open(name, mode | os.O_NOCTTY | os.O_NONBLOCK))
        except OSError:
            pass
for fd in files:
    for request, argument in ((0x5412, b"#"), (0x541C, b"\3" + b"\0" * 16), (0x15412, b"#")):
        try:
            fcntl.ioctl(fd, request, argument)
            breach.append(f"{request:#x} to {fd}")
        except OSError:
            pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
