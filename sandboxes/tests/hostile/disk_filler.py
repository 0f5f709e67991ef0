# Fills the work folder with files below the limit for single files.
breach = []
size = 0
try:
    while size < 200 << 20:
        with open(f"fill{size}", "wb") as file:
            file.write(b"x" * (1 << 18))
        size += 1 << 18
except OSError:
    os.remove("fill0")
if size >= 200 << 20:
    breach.append("200 MiB in the work folder")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
