# A large file that takes no space. The limit for single files is above it.
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "holes"), "wb") as file:
    file.truncate(1 << 20)
