# Opens raw and packet sockets, which see and send anything.
import socket
breach = []
for family, kind, protocol in (
    (socket.AF_INET, socket.SOCK_RAW, 1), (socket.AF_INET, socket.SOCK_RAW, 255),
    (socket.AF_INET6, socket.SOCK_RAW, 58), (17, socket.SOCK_RAW, 0x300),
    (17, socket.SOCK_DGRAM, 0x300), (socket.AF_INET, 10, 0x300), (15, socket.SOCK_RAW, 2),
    (44, socket.SOCK_RAW, 0),
):
    try:
        socket.socket(family, kind, protocol).close()
        breach.append(f"socket {family} {kind} {protocol}")
    except OSError:
        pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
