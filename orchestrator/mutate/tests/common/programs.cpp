// A program with a bit of everything.
#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <vector>

constexpr int limit = 1'000;
enum class Mode : int { greedy = 1, random = 2 };

/* EVOLVE-BLOCK-START */
namespace search {
static const std::vector<std::array<double, 2>> table = {{0.25, -0.5}, {0.0, 1.0}, {3.0, 2.5}};

template <typename T, int N = 3>
struct Walk {
    T rate{0.1};
    bool greedy = true;

    T step(const std::vector<std::vector<T>> &points, int shift = 2) const {
        T total = 0;
        T least = 1e9;
        for (const auto &row : points) {
            for (std::size_t i = 0; i < row.size() && total < 100.5; ++i) {
                total += std::max(row[i] * rate, -3.5) - 0.25f;
                least = std::min(least, row[i]);
            }
        }
        auto twice = [&, shift](T x) { return x * 2.0 + shift; };
        auto plain = [](T x) { return x * 3.0 - 1; };
        return greedy ? twice(total) : plain(least) / 4;
    }
};

double solve(const std::vector<double> &points) {
    double sum = 0;
    int count = 0;
    double scale = 1.5;
    Walk<double, 3> walk;
    for (double point : points) {
        if (point >= 0.5 || count % 3 == 1) {
            sum += std::sin(point) * scale;
        } else {
            sum -= point * point;
        }
        count += 1;
    }
    std::cout << "sum 1.5 " << sum << '\n';
    return sum + walk.step({{1.0, 2.0}, {3.0, -4.0}, {5.0, 6.5}});
}
} // namespace search
/* EVOLVE-BLOCK-END */

int main() {
    std::cout << search::solve({1.0, 2.0, 3.0}) << "\n";
    return 0;
}
