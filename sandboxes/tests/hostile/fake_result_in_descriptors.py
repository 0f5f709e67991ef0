# Writes results into every descriptor it inherited, and says which it found.
breach = []
result = b'{"metrics": {"score": 666, "valid": 1}}\n'
fake = b'{"ended":{"Code":0},"wall_s":0,"cpu_s":0,"peak_memory":0,"immortal":[],"log":0}\n'
for fd in range(3, 1024):
    try:
        breach.append(f"descriptor {fd}: {os.readlink(f'/proc/self/fd/{fd}')}")
        os.write(fd, fake + result)
    except OSError:
        pass
for fd in (0, 1, 2):
    try:
        os.write(fd, fake + result)
    except OSError:
        pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
