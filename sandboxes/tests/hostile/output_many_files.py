for i in range(5000):
    open(os.path.join(os.environ["EVOLVE_OUTPUT"], str(i)), "w").close()
