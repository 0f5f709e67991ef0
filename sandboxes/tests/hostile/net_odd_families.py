# Opens sockets of families that only enlarge what of the kernel can be attacked.
import socket
breach = []
for family, kind, name in (
    (38, socket.SOCK_SEQPACKET, "AF_ALG"), (30, socket.SOCK_STREAM, "AF_TIPC"),
    (29, socket.SOCK_RAW, "AF_CAN"), (31, socket.SOCK_RAW, "AF_BLUETOOTH"),
    (21, socket.SOCK_SEQPACKET, "AF_RDS"), (39, socket.SOCK_STREAM, "AF_NFC"),
    (42, socket.SOCK_DGRAM, "AF_QIPCRTR"), (43, socket.SOCK_STREAM, "AF_SMC"),
    (9, socket.SOCK_SEQPACKET, "AF_X25"), (24, socket.SOCK_DGRAM, "AF_PPPOX"),
):
    try:
        socket.socket(family, kind, 0).close()
        breach.append(name)
    except OSError:
        pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
