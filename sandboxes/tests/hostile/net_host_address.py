# Reaches for the host's port on its address, and for its router.
import socket, struct
breach = []
hosts = ["@HOST_IP@", "::ffff:@HOST_IP@", "172.17.0.1", "10.0.2.2", "host.docker.internal"]
try:
    for line in list(open("/proc/net/route"))[1:]:
        breach.append(f"a route by {line.split()[0]}")
        hosts.append(socket.inet_ntoa(struct.pack("<L", int(line.split()[2], 16))))
except OSError:
    pass
for host in hosts:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(1)
            client.connect((host, @PORT@))
            breach.append(host)
    except OSError:
        pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
