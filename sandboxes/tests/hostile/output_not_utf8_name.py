open(os.path.join(os.environb[b"EVOLVE_OUTPUT"], b"\xff\xfe"), "w").close()
