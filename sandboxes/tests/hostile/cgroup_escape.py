# Leaves its control group, changes its limits, makes groups, sets a release agent.
breach = []
names = {"cgroup.procs", "tasks", "cgroup.threads", "cgroup.kill", "cgroup.freeze", "release_agent",
         "notify_on_release", "cgroup.subtree_control", "devices.allow", "cgroup.max.descendants"}
before = open("/proc/self/cgroup").read()
for start in ("/sys/fs/cgroup", "/proc/1/root/sys/fs/cgroup"):
    for folder, folders, files in os.walk(start):
        for name in files:
            if name in names or name.endswith((".max", ".high", "limit_in_bytes")):
                try:
                    fd = os.open(os.path.join(folder, name), os.O_WRONLY)
                    breach.append(f"opened {folder}/{name}")
                    os.write(fd, b"0" if name in names else b"max")
                except OSError:
                    pass
        try:
            os.mkdir(os.path.join(folder, "evil"))
            breach.append(f"a group in {folder}")
        except OSError:
            pass
        if folder.count("/") > 8:
            folders.clear()
if open("/proc/self/cgroup").read() != before:
    breach.append("another group")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
