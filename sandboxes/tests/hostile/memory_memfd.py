# Fills anonymous memory files, more than the memory limit in all.
breach = []
size = 0
try:
    while size < 1 << 29:
        file = os.memfd_create("x")
        for _ in range(4):
            size += os.write(file, b"x" * (1 << 18))
except OSError:
    pass
if size >= 1 << 29:
    breach.append("512 MiB in memory files")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
