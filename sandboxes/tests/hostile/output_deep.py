os.chdir(os.environ["EVOLVE_OUTPUT"])
for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
