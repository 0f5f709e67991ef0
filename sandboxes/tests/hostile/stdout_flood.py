line = b"x" * 4095 + b"\n"
for _ in range(5000):
    os.write(1, line)
open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w").write("1")
