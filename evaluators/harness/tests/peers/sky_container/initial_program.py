# EVOLVE-BLOCK-START
def answer():
    return 6
# EVOLVE-BLOCK-END
