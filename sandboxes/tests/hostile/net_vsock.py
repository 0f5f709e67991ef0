# Reaches for the hypervisor and for other programs through vsock; a refusal is an answer too.
import errno, socket
breach = []
for cid in (0, 1, 2, 3):
    for port in (22, 52, 80, 1024, 10000, @PORT@):
        try:
            with socket.socket(40, socket.SOCK_STREAM) as client:
                client.settimeout(0.3)
                client.connect((cid, port))
                breach.append(f"{cid}:{port}")
        except (OSError, TypeError, ValueError) as error:
            if getattr(error, "errno", 0) in (errno.ECONNRESET, errno.ECONNREFUSED):
                breach.append(f"{cid}:{port} answered")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
