# Makes empty files until it is refused.
breach = []
count = 0
try:
    while count < 200_000:
        os.close(os.open(f"i{count}", os.O_WRONLY | os.O_CREAT))
        count += 1
except OSError:
    for i in range(min(count, 16)):
        os.remove(f"i{i}")
if count >= 200_000:
    breach.append("200000 files")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
