open(os.path.join(os.environ["EVOLVE_OUTPUT"], "a\x1b[2J\n"), "w").close()
