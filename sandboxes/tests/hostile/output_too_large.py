# Each file is within the limit, all together are not.
for i in range(3):
    with open(os.path.join(os.environ["EVOLVE_OUTPUT"], str(i)), "wb") as file:
        file.write(b"x" * 40000)
