# Anonymous shared mappings, which no resource limit counts.
import mmap
breach = []
blocks = []
for _ in range(64):
    blocks.append(mmap.mmap(-1, 16 << 20, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS))
    for at in range(0, 16 << 20, 4096):
        blocks[-1][at] = 1
breach.append("1 GiB of shared memory")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
