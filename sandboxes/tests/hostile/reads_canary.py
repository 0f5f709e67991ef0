# Reads a secret of the host by every path that might lead to it.
breach = []
secret = b"-".join((b"evolve", b"canary"))
name = "@CANARY@"
os.symlink(name, "link")
os.symlink("/proc/self/root" + name, "link2")
fd = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
paths = [name, "link", "link2", "../" * 60 + name[1:], "/.." + name, "/." + name, "/" + name]
for pid in ("self", "thread-self", "1", str(os.getppid()), "@HOST_PID@"):
    for way in ("root", "cwd", "cwd/" + "../" * 40, "task/1/root"):
        paths.append(f"/proc/{pid}/{way}{name}")
for prefix in ("/host", "/rootfs", "/oldroot", "/.old", "/mnt", "/put_old", "/newroot"):
    paths.append(prefix + name)
paths += [f"/proc/self/fd/{number}/" + "../" * 40 + name[1:] for number in range(64)]
for path in paths:
    try:
        if secret in open(path, "rb").read(4096):
            breach.append(path)
    except OSError:
        pass
try:
    if secret in os.read(os.open(name[1:], os.O_RDONLY, dir_fd=fd), 4096):
        breach.append("by the folder /")
except OSError:
    pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
