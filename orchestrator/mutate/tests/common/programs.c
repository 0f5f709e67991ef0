/* A program with a bit of everything. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#define LIMIT 10
#define SQUARE(x) ((x) * (x)) // of a number

static const double TABLE[4][2] = {{0.25, -0.5}, {0.0, 1.0}, {3.0, 2.5}, {-1.5, 1e-3}};
enum mode { GREEDY = 1, RANDOM = 2 };

// EVOLVE-BLOCK-START
#if LIMIT > 5
static const float WEIGHTS[] = {0.75f, 0.1f, 1.0f};
#endif

double step(double x, double rate, int mode)
{
    double total = 0.0, best;
    unsigned count = 3u;
    bool done = false;
    for (int i = 0; i < 10; i++) {
        if (x > 0.5 && i % 2 == 0) {
            total += x * rate - SQUARE(2.0);
        } else if (mode == RANDOM || done) {
            total = total + sin(x) / 4;
        } else {
            total -= 1;
        }
    }
    best = fmax(total, -3.5);
    rate = 0.5;
    switch (mode) {
    case 1:
        count = 0x10;
        break;
    default:
        count += 2;
    }
    printf("%f 12.5\n", best);
    return best * count + (mode > 1 ? WEIGHTS[1] : rate);
}

double solve(const double *points, int n)
{
    double first = step(1.0, 0.2, GREEDY);
    double second = step(0.25, 0.1, RANDOM);
    double scales[] = {1.0, 2.0, first * 2.0, second - 1.5};
    double sum = 0;
    int i = 0;
    while (i < n) {
        sum += points[i] * first + scales[i % 4] * second;
        i++;
    }
    return sum;
}
// EVOLVE-BLOCK-END

int main(void)
{
    printf("%f\n", solve(TABLE[0], 8));
    return 0;
}
