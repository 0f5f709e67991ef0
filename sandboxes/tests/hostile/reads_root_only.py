# Reads files that only the host's root may read: is this user root with another number?
import glob
breach = []
for name in (
    "/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/sudoers", "/proc/kcore", "/proc/kmsg",
    "/proc/sched_debug", "/proc/slabinfo", "/proc/kpageflags", "/proc/iomem", "/proc/vmallocinfo",
    "/proc/1/stack", "/proc/self/stack", "/proc/timer_list", "/dev/kmsg", "/sys/kernel/debug/gpio",
    "/var/log/auth.log", "/var/log/syslog", *glob.glob("/etc/ssh/ssh_host_*_key"),
    *glob.glob("/etc/ssl/private/*"), *glob.glob("/var/lib/docker/*"), *glob.glob("/boot/System*"),
):
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
        text = os.read(fd, 4096)
        if text and not (name == "/proc/iomem" and set(text.split()[0]) <= set(b"0-")):
            breach.append(name)
    except OSError:
        pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
