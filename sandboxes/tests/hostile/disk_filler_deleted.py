# Fills the work folder with files that have no name any more, but are open.
breach = []
size = 0
files = []
try:
    while size < 200 << 20:
        files.append(open("fill", "wb", buffering=0))
        os.remove("fill")
        size += files[-1].write(b"x" * (1 << 18))
except OSError:
    pass
for file in files:
    file.close()
if size >= 200 << 20:
    breach.append("200 MiB in deleted files")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
