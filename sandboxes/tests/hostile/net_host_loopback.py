# Reaches for the host's port on every spelling of the loopback address.
import socket
breach = []
for family, host in (
    (socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.1.1"), (socket.AF_INET, "0.0.0.0"),
    (socket.AF_INET6, "::1"), (socket.AF_INET6, "::"), (socket.AF_INET6, "::ffff:127.0.0.1"),
):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(1)
            client.connect((host, @PORT@))
            breach.append(host)
    except OSError:
        pass
for name in ("/proc/net/tcp", "/proc/net/tcp6"):
    try:
        if any(line.split()[1].endswith(":%04X" % @PORT@) for line in open(name)):
            breach.append(f"the host's sockets in {name}")
    except OSError:
        pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
