#include <cstdio>
// EVOLVE-BLOCK-START
static int answer() { return 42; }
// EVOLVE-BLOCK-END
int main() { std::printf("%d\n", answer()); }
