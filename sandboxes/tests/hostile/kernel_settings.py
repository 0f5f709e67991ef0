# Writes settings of the kernel, each with the value that it has.
import glob
breach = []
names = ["/proc/sysrq-trigger", "/proc/sys/vm/drop_caches", "/proc/acpi/wakeup", "/proc/mtrr",
         "/proc/irq/default_smp_affinity", "/sys/power/state",
         "/sys/kernel/uevent_helper", "/sys/kernel/mm/transparent_hugepage/enabled"]
for pattern in ("/proc/sys/*/*", "/proc/sys/*/*/*", "/proc/sys/net/*/*/*/*", "/sys/kernel/*",
                "/sys/module/*/parameters/*", "/sys/class/net/*/*", "/sys/block/*/queue/*",
                "/proc/irq/*/smp_affinity", "/sys/bus/*/drivers_probe", "/sys/firmware/efi/*/*"):
    names += glob.glob(pattern)
own = tuple("/proc/sys/" + name for name in (  # of the IPC and PID namespaces, which are its own
    "fs/mqueue/", "kernel/msg", "kernel/sem", "kernel/shm", "kernel/auto_msgmni", "kernel/pid_max"))
for name in [name for name in names if not name.startswith(own)]:
    try:
        fd = os.open(name, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        continue
    try:
        value = open(name, "rb").read(4096)
    except OSError:
        value = b"h\n"
    try:
        if os.write(fd, value or b"\n"):
            breach.append(name)
    except OSError:
        pass
    os.close(fd)
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
