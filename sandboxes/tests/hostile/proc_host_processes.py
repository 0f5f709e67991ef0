# Looks for processes of the host.
breach = []
pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
if len(pids) > 20:
    breach.append(f"{len(pids)} processes")
if @HOST_PID@ in pids:
    breach.append("the host's process")
for pid in pids:
    try:
        if open(f"/proc/{pid}/comm").read().strip() in ("kthreadd", "systemd", "dockerd", "sshd"):
            breach.append(f"process {pid} of the host")
        if b"@CANARY_DIR@" in open(f"/proc/{pid}/cmdline", "rb").read() and pid != os.getpid():
            breach.append(f"a path of the host in the command line of {pid}")
    except OSError:
        pass
for pid in ("1", str(os.getppid()), "self"):
    try:
        if "@CANARY_DIR@" in open(f"/proc/{pid}/mountinfo").read():
            breach.append(f"the canary's folder is mounted for {pid}")
    except OSError:
        pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
