# Opens every device, and those of memory and disks by their usual names.
import stat
breach = []
fine = {(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2)}  # null, zero, random, own terminal
names = [f"/dev/{name}" for name in (
    "mem kmem port kmsg sda sda1 vda vda1 xvda nvme0n1 dm-0 loop0 loop-control fuse kvm net/tun "
    "vhost-net vhost-vsock vsock uinput input/event0 mapper/control console cpu/0/msr snapshot "
    "hpet rtc0 btrfs-control autofs cuse ppp userfaultfd watchdog").split()]
for folder, folders, files in os.walk("/dev"):
    names += [os.path.join(folder, name) for name in files]
for name in names:
    try:
        found = os.stat(name)
        kind = (os.major(found.st_rdev), os.minor(found.st_rdev))
        own = kind in fine or 136 <= kind[0] <= 143 or "nvidia" in name
        if stat.S_ISBLK(found.st_mode) or stat.S_ISCHR(found.st_mode) and not own:
            for access in (os.O_RDONLY, os.O_WRONLY):
                os.close(os.open(name, access | os.O_NONBLOCK | os.O_NOCTTY))
                breach.append(name)
    except OSError:
        pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
