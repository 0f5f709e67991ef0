# Asks for names, by the system's resolver and by packets of its own.
import socket
breach = []
question = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1"
servers = ["8.8.8.8", "127.0.0.53", "127.0.0.11", "127.0.0.1", "@HOST_IP@", "10.0.2.3"]
try:
    servers += [line.split()[1] for line in open("/etc/resolv.conf") if line[:10] == "nameserver"]
except (OSError, IndexError):
    pass
for server in servers:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.3)
            client.sendto(question, (server, 53))
            if client.recvfrom(512)[0]:
                breach.append(server)
    except OSError:
        pass
for name in ("example.com", "metadata.google.internal"):
    try:
        breach.append(f"{name} is {socket.getaddrinfo(name, 80)[0]}")
    except OSError:
        pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
