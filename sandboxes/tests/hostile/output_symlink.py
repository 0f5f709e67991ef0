os.symlink("/etc/passwd", os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"))
