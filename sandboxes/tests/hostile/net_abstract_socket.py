# Reaches for the host's abstract unix sockets, which no folder hides.
import socket
breach = []
names = {"@ABSTRACT@", "/tmp/.X11-unix/X0", "/tmp/dbus-session", "/containerd-shim"}
try:
    for line in open("/proc/net/unix"):
        if line.split()[-1].startswith("@"):
            names.add(line.split()[-1][1:])
            breach.append(f"sees {line.split()[-1]}")
except OSError:
    pass
for name in names:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        try:
            with socket.socket(socket.AF_UNIX, kind) as client:
                client.settimeout(1)
                client.connect("\0" + name)
                breach.append(name)
        except OSError:
            pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
