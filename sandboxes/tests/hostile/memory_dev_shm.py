# Fills the file systems in memory that are not the work folder.
breach = []
for folder in ("/dev/shm", "/tmp", "/var/tmp", "/run", "/run/lock", "/dev", "/dev/mqueue"):
    size = 0
    try:
        while size < 1 << 29:
            with open(f"{folder}/evolve{size}", "wb") as file:
                file.write(b"x" * (1 << 18))
            size += 1 << 18
    except OSError:
        pass
    if size >= 1 << 29:
        breach.append(f"512 MiB in {folder}")
    for at in range(0, size + 1, 1 << 18):
        try:
            os.remove(f"{folder}/evolve{at}")
        except OSError:
            pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
