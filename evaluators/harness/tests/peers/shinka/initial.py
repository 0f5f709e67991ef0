# EVOLVE-BLOCK-START
def play(seed):
    return 1.0 + 0.001 * seed
# EVOLVE-BLOCK-END
