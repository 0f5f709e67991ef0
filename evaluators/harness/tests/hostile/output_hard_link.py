name = os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt")
os.link(os.environ["EVOLVE_PROGRAM"], name)
