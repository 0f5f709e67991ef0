# Reaches for the host's abstract unix sockets, which no folder hides.
import socket
OWN = "evolve-helper"  # of the first process in a container, which answers to root alone
breach = []
names = {"@ABSTRACT@", "/tmp/.X11-unix/X0", "/tmp/dbus-session", "/containerd-shim", OWN}
try:
    for line in open("/proc/net/unix"):
        name = line.split()[-1]
        if name.startswith("@") and name != "@" + OWN:
            names.add(name[1:])
            breach.append(f"sees {name}")
except OSError:
    pass
for name in names:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        try:
            with socket.socket(socket.AF_UNIX, kind) as client:
                client.settimeout(1)
                client.connect("\0" + name)
                if name != OWN:
                    breach.append(name)
                    continue
                client.sendall(b'{"payload":0,"message":"reset"}\n')
                answer = client.recv(1000)
                if answer not in (b"", b"go away\n"):
                    breach.append(f"{name} says {answer}")
        except OSError:
            pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
