//! A lower triangular matrix A that stands for A Aᵀ.

/// Packed by columns, from the diagonal down.
#[derive(Debug, Clone)]
pub(super) struct Triangle {
    columns: Vec<Vec<f64>>,
}

impl Triangle {
    pub(super) fn identity(n: usize) -> Self {
        let column = |j| std::iter::once(1.0).chain(std::iter::repeat_n(0.0, n - 1 - j)).collect();
        Self { columns: (0..n).map(column).collect() }
    }

    /// A z.
    pub(super) fn times(&self, z: &[f64]) -> Vec<f64> {
        let mut product = vec![0.0; self.columns.len()];
        for (j, (column, z)) in self.columns.iter().zip(z).enumerate() {
            product[j..].iter_mut().zip(column).for_each(|(sum, a)| *sum += a * z);
        }
        product
    }

    /// A becomes `by` A.
    pub(super) fn scale(&mut self, by: f64) {
        self.columns.iter_mut().flatten().for_each(|a| *a *= by);
    }

    /// A Aᵀ becomes A Aᵀ + `weight` v vᵀ (Krause, Arbonès and Igel, 2016, algorithm 2). What
    /// rounding, or a negative weight that is too large, would make negative is made small.
    pub(super) fn add(&mut self, weight: f64, mut v: Vec<f64>) {
        let mut b = 1.0;
        for (j, column) in self.columns.iter_mut().enumerate() {
            let (old, part) = (column[0], v[j]);
            let gamma = (old * old * b + weight * part * part).max(1e-12 * old * old * b);
            let new = (old * old + weight / b * part * part).max(1e-12 * old * old).sqrt();
            column[0] = new;
            for (a, v) in column[1..].iter_mut().zip(&mut v[j + 1..]) {
                *v -= part / old * *a;
                *a = new / old * *a + new * weight * part / gamma * *v;
            }
            b = (b + weight * part * part / (old * old)).max(1e-12);
        }
    }

    /// The largest standard deviation of a coordinate of A z.
    pub(super) fn widest(&self) -> f64 {
        let mut squares = vec![0.0; self.columns.len()];
        for (j, column) in self.columns.iter().enumerate() {
            squares[j..].iter_mut().zip(column).for_each(|(sum, a)| *sum += a * a);
        }
        squares.into_iter().fold(0.0, f64::max).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Aᵀ.
    fn square(triangle: &Triangle) -> Vec<Vec<f64>> {
        let n = triangle.columns.len();
        let unit = |k: usize| (0..n).map(|j| f64::from(u8::from(j == k))).collect::<Vec<_>>();
        let columns: Vec<Vec<f64>> = (0..n).map(|k| triangle.times(&unit(k))).collect();
        let entry = |i: usize, j: usize| columns.iter().map(|c| c[i] * c[j]).sum();
        (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect()
    }

    #[test]
    fn a_vector_is_added_to_the_product() {
        let mut triangle = Triangle::identity(3);
        for (weight, v) in
            [(0.5, [1.0, 2.0, -1.0]), (2.0, [0.3, -0.7, 4.0]), (-0.2, [0.5, 0.1, 1.0])]
        {
            let mut expected = square(&triangle);
            for i in 0..3 {
                for j in 0..3 {
                    expected[i][j] += weight * v[i] * v[j];
                }
            }
            triangle.add(weight, v.to_vec());
            for (row, expected) in square(&triangle).iter().zip(&expected) {
                for (a, b) in row.iter().zip(expected) {
                    assert!((a - b).abs() < 1e-12, "{a} {b}");
                }
            }
        }
        let widest =
            square(&triangle).iter().enumerate().map(|(i, row)| row[i]).fold(0.0, f64::max);
        assert!((triangle.widest() - widest.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_subtracted_leaves_finite_numbers() {
        let mut triangle = Triangle::identity(2);
        triangle.add(-5.0, vec![1.0, 1.0]);
        assert!(triangle.times(&[1.0, 1.0]).iter().all(|value| value.is_finite()));
    }
}
