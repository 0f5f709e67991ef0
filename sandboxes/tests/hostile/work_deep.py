# Leaves folders so deep that their path is longer than any system call takes.
name = os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt")
for _ in range(3000):
    try:
        os.mkdir("deep")
        os.chdir("deep")
    except OSError:
        break
os.chmod(".", 0)
open(name, "w").write("1")
