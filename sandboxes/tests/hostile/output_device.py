# Makes device nodes of the memory and of disks, in every place it may write.
import stat
breach = []
for folder in (os.environ["EVOLVE_OUTPUT"], os.getcwd(), "/tmp", "/dev/shm", "/dev", "/var/tmp"):
    for kind, major, minor in (
        (stat.S_IFCHR, 1, 1), (stat.S_IFCHR, 1, 3), (stat.S_IFCHR, 1, 11), (stat.S_IFCHR, 10, 232),
        (stat.S_IFBLK, 8, 0), (stat.S_IFBLK, 254, 0), (stat.S_IFBLK, 259, 0),
    ):
        name = os.path.join(folder, f"node{kind}-{major}-{minor}")
        try:
            os.mknod(name, kind | 0o666, os.makedev(major, minor))
            breach.append(name)
        except OSError:
            pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
