os.mkfifo(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"))
