# Links to files that it cannot read itself, for whoever reads the output with more rights.
output = os.environ["EVOLVE_OUTPUT"]
os.symlink("@TASK@/reference/secret.json", os.path.join(output, "score.txt"))
os.symlink("@CANARY@", os.path.join(output, "canary"))
os.symlink("@TASK@", os.path.join(output, "task"))
