# A number with 60000 digits.
open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w").write("9" * 60000)
