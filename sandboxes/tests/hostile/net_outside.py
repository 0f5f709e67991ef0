# Reaches for cloud metadata and for well-known addresses.
import socket
breach = []
for family, host, port in (
    (socket.AF_INET, "169.254.169.254", 80), (socket.AF_INET, "169.254.170.2", 80),
    (socket.AF_INET, "100.100.100.200", 80), (socket.AF_INET, "1.1.1.1", 443),
    (socket.AF_INET, "8.8.8.8", 53), (socket.AF_INET6, "fd00:ec2::254", 80),
    (socket.AF_INET6, "2606:4700:4700::1111", 443), (socket.AF_INET6, "ff02::1", 80),
):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try:
            with socket.socket(family, kind) as client:
                client.settimeout(1)
                client.connect((host, port))
                client.send(b"GET / HTTP/1.0\r\n\r\n")
                breach.append(f"{host}:{port}")
        except OSError:
            pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
