//! The tasks. A new one is an entry here, a reference beside it, and a baseline in `kernels/`.

use super::inputs::Inputs;
use super::reference;
use crate::dtype::Dtype;

/// How large a piece of a model a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// One operation.
    Primitive,
    /// A few that depend on each other.
    Composite,
    /// A layer.
    Layer,
}

impl Tier {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Primitive => "primitive",
            Self::Composite => "composite",
            Self::Layer => "layer",
        }
    }
}

/// Dimensions of one shape, by name; programs see them as constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dims(pub &'static [(&'static str, usize)]);

impl Dims {
    /// A dimension; 0 if the shape has none of this name.
    pub fn get(&self, name: &str) -> usize {
        self.0.iter().find(|(known, _)| *known == name).map_or(0, |(_, size)| *size)
    }

    /// The shape as reports write it: `M=64 N=64 K=64`.
    pub fn text(&self) -> String {
        let parts: Vec<_> = self.0.iter().map(|(name, size)| format!("{name}={size}")).collect();
        parts.join(" ")
    }
}

/// A tensor of a task, row-major.
#[derive(Debug, Clone, Copy)]
pub struct Tensor {
    /// Its name; programs see its address as a constant.
    pub name: &'static str,
    /// Type of its elements.
    pub ty: Dtype,
    /// Its dimensions: names of the shape's, or `H-2` for one made smaller.
    pub dims: &'static [&'static str],
    /// Whether the program writes it.
    pub output: bool,
}

impl Tensor {
    /// Elements for a shape.
    pub fn elements(&self, dims: &Dims) -> usize {
        let size = |name: &str| match name.split_once('-') {
            Some((name, less)) => dims.get(name).saturating_sub(less.parse().unwrap_or(0)),
            None => name.parse().unwrap_or_else(|_| dims.get(name)),
        };
        self.dims.iter().map(|name| size(name)).product()
    }
}

/// A task of the suite.
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// Its tier.
    pub tier: Tier,
    /// What is computed.
    pub doc: &'static str,
    /// Its tensors; the output is the last.
    pub tensors: &'static [Tensor],
    /// Its shapes.
    pub shapes: [Dims; 5],
    /// The naive program: a template that assembles for every shape and machine.
    pub baseline: &'static str,
    /// Size of the large inputs: intermediate values that programs keep in f16 stay finite.
    pub large: f32,
    /// Products of pairs of elements that any program must form.
    pub macs: fn(&Dims) -> usize,
    /// Elements on which the vector unit must do something at least once.
    pub elements: fn(&Dims) -> usize,
    /// The output for inputs, in double precision.
    pub reference: fn(&Dims, &Inputs) -> Vec<f64>,
}

const fn input(name: &'static str, dims: &'static [&'static str]) -> Tensor {
    Tensor { name, ty: Dtype::F16, dims, output: false }
}

const fn output(name: &'static str, dims: &'static [&'static str]) -> Tensor {
    Tensor { name, ty: Dtype::F16, dims, output: true }
}

const MNK: [Dims; 5] = [
    Dims(&[("M", 64), ("N", 64), ("K", 64)]),
    Dims(&[("M", 128), ("N", 128), ("K", 128)]),
    Dims(&[("M", 256), ("N", 64), ("K", 96)]),
    Dims(&[("M", 32), ("N", 256), ("K", 128)]),
    Dims(&[("M", 50), ("N", 70), ("K", 30)]),
];

const ROWS: [Dims; 5] = [
    Dims(&[("R", 16), ("C", 256)]),
    Dims(&[("R", 64), ("C", 64)]),
    Dims(&[("R", 128), ("C", 128)]),
    Dims(&[("R", 8), ("C", 1024)]),
    Dims(&[("R", 33), ("C", 100)]),
];

/// Every task.
pub static TASKS: [Spec; 10] = [
    Spec {
        name: "gemm",
        tier: Tier::Primitive,
        doc: "Y = X W, with X of M x K, W of K x N.",
        tensors: &[input("X", &["M", "K"]), input("W", &["K", "N"]), output("Y", &["M", "N"])],
        shapes: MNK,
        baseline: include_str!("../../kernels/gemm.s"),
        large: 100.0,
        macs: |d| d.get("M") * d.get("N") * d.get("K"),
        elements: |_| 0,
        reference: reference::gemm,
    },
    Spec {
        name: "gemv",
        tier: Tier::Primitive,
        doc: "Y = X W, with one row X of K, W of K x N.",
        tensors: &[input("X", &["K"]), input("W", &["K", "N"]), output("Y", &["N"])],
        shapes: [
            Dims(&[("N", 64), ("K", 64)]),
            Dims(&[("N", 256), ("K", 256)]),
            Dims(&[("N", 512), ("K", 128)]),
            Dims(&[("N", 128), ("K", 512)]),
            Dims(&[("N", 70), ("K", 90)]),
        ],
        baseline: include_str!("../../kernels/gemv.s"),
        large: 100.0,
        macs: |d| d.get("N") * d.get("K"),
        elements: |_| 0,
        reference: reference::gemv,
    },
    Spec {
        name: "gelu",
        tier: Tier::Primitive,
        doc: "Y = X/2 (1 + tanh(sqrt(2/pi) (X + 0.044715 X^3))), for N numbers.",
        tensors: &[input("X", &["N"]), output("Y", &["N"])],
        shapes: [
            Dims(&[("N", 1024)]),
            Dims(&[("N", 4096)]),
            Dims(&[("N", 16384)]),
            Dims(&[("N", 256)]),
            Dims(&[("N", 1000)]),
        ],
        baseline: include_str!("../../kernels/gelu.s"),
        large: 1000.0,
        macs: |_| 0,
        elements: |d| d.get("N"),
        reference: reference::gelu,
    },
    Spec {
        name: "transpose",
        tier: Tier::Primitive,
        doc: "Y = transpose of X of R x C.",
        tensors: &[input("X", &["R", "C"]), output("Y", &["C", "R"])],
        shapes: [
            Dims(&[("R", 64), ("C", 64)]),
            Dims(&[("R", 128), ("C", 128)]),
            Dims(&[("R", 256), ("C", 32)]),
            Dims(&[("R", 16), ("C", 512)]),
            Dims(&[("R", 50), ("C", 70)]),
        ],
        baseline: include_str!("../../kernels/transpose.s"),
        large: 1000.0,
        macs: |_| 0,
        elements: |_| 0,
        reference: reference::transpose,
    },
    Spec {
        name: "reduction",
        tier: Tier::Primitive,
        doc: "Y = sum of each row of X of R x C; Y is f32.",
        tensors: &[
            input("X", &["R", "C"]),
            Tensor { name: "Y", ty: Dtype::F32, dims: &["R"], output: true },
        ],
        shapes: ROWS,
        baseline: include_str!("../../kernels/reduction.s"),
        large: 1000.0,
        macs: |_| 0,
        elements: |_| 0,
        reference: reference::reduction,
    },
    Spec {
        name: "softmax",
        tier: Tier::Composite,
        doc: "Y = softmax of each row of X of R x C.",
        tensors: &[input("X", &["R", "C"]), output("Y", &["R", "C"])],
        shapes: ROWS,
        baseline: include_str!("../../kernels/softmax.s"),
        large: 1000.0,
        macs: |_| 0,
        elements: |d| d.get("R") * d.get("C"),
        reference: reference::softmax,
    },
    Spec {
        name: "layernorm",
        tier: Tier::Composite,
        doc: "Y = (X - mean) / sqrt(variance + 1e-5) G + B for each row of X of R x C.",
        tensors: &[
            input("X", &["R", "C"]),
            input("G", &["C"]),
            input("B", &["C"]),
            output("Y", &["R", "C"]),
        ],
        shapes: ROWS,
        baseline: include_str!("../../kernels/layernorm.s"),
        large: 1000.0,
        macs: |_| 0,
        elements: |d| d.get("R") * d.get("C"),
        reference: reference::layernorm,
    },
    Spec {
        name: "conv2d",
        tier: Tier::Composite,
        doc: "Y = X convolved with W, stride 1, no padding: X of H x L x CI, W of 3 x 3 x CI x CO, \
              Y of (H-2) x (L-2) x CO.",
        tensors: &[
            input("X", &["H", "L", "CI"]),
            input("W", &["9", "CI", "CO"]),
            output("Y", &["H-2", "L-2", "CO"]),
        ],
        shapes: [
            Dims(&[("H", 10), ("L", 18), ("CI", 16), ("CO", 16)]),
            Dims(&[("H", 18), ("L", 18), ("CI", 32), ("CO", 32)]),
            Dims(&[("H", 6), ("L", 66), ("CI", 16), ("CO", 32)]),
            Dims(&[("H", 10), ("L", 10), ("CI", 64), ("CO", 64)]),
            Dims(&[("H", 9), ("L", 13), ("CI", 10), ("CO", 20)]),
        ],
        baseline: include_str!("../../kernels/conv2d.s"),
        large: 100.0,
        macs: |d| (d.get("H") - 2) * (d.get("L") - 2) * 9 * d.get("CI") * d.get("CO"),
        elements: |_| 0,
        reference: reference::conv2d,
    },
    Spec {
        name: "attention",
        tier: Tier::Layer,
        doc: "O = softmax(Q KT / sqrt(D)) V for one head: Q of S x D, KT of D x T, V of T x D.",
        tensors: &[
            input("Q", &["S", "D"]),
            input("KT", &["D", "T"]),
            input("V", &["T", "D"]),
            output("O", &["S", "D"]),
        ],
        shapes: [
            Dims(&[("S", 32), ("T", 32), ("D", 32)]),
            Dims(&[("S", 64), ("T", 64), ("D", 64)]),
            Dims(&[("S", 128), ("T", 128), ("D", 32)]),
            Dims(&[("S", 16), ("T", 256), ("D", 64)]),
            Dims(&[("S", 20), ("T", 50), ("D", 40)]),
        ],
        baseline: include_str!("../../kernels/attention.s"),
        large: 1000.0,
        macs: |d| 2 * d.get("S") * d.get("T") * d.get("D"),
        elements: |d| d.get("S") * d.get("T"),
        reference: reference::attention,
    },
    Spec {
        name: "mlp",
        tier: Tier::Layer,
        doc: "Y = gelu(X U) W: X of M x D, U of D x H, W of H x D.",
        tensors: &[
            input("X", &["M", "D"]),
            input("U", &["D", "H"]),
            input("W", &["H", "D"]),
            output("Y", &["M", "D"]),
        ],
        shapes: [
            Dims(&[("M", 32), ("D", 32), ("H", 64)]),
            Dims(&[("M", 64), ("D", 64), ("H", 128)]),
            Dims(&[("M", 128), ("D", 32), ("H", 128)]),
            Dims(&[("M", 16), ("D", 64), ("H", 256)]),
            Dims(&[("M", 20), ("D", 40), ("H", 100)]),
        ],
        baseline: include_str!("../../kernels/mlp.s"),
        large: 10.0,
        macs: |d| 2 * d.get("M") * d.get("D") * d.get("H"),
        elements: |d| d.get("M") * d.get("H"),
        reference: reference::mlp,
    },
];
