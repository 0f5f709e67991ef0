# Goes through root, cwd, exe, fd and map_files of every process that it can see.
breach = []
secret = b"-".join((b"evolve", b"canary"))
own = {(os.fstat(fd).st_dev, os.fstat(fd).st_ino) for fd in (0, 1, 2)}
for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
    if int(pid) == os.getpid():
        continue
    for way in ("root@CANARY@", "cwd/judge.py", "cwd/reference/secret.json", "root@TASK@/judge.py"):
        try:
            if open(f"/proc/{pid}/{way}", "rb").read():
                breach.append(f"/proc/{pid}/{way}")
        except OSError:
            pass
    for fd in range(256):
        for mode in (os.O_RDONLY, os.O_WRONLY):
            name = f"/proc/{pid}/fd/{fd}"
            try:
                found = os.fstat(os.open(name, mode | os.O_NONBLOCK))
                if (found.st_dev, found.st_ino) not in own:
                    breach.append(f"{name}: {os.readlink(name)}")
            except OSError:
                pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
