//! One element at a time, one level of a tree at a time.

use crate::isa::Op;

/// An element of a result; `a`, `b` and `c` are the operands after the destination.
#[allow(clippy::float_cmp)] // equality is what `veq` and `vsel` ask for
pub(super) fn element(op: Op, old: f32, a: f32, b: f32, c: f32) -> f32 {
    let truth = |is: bool| f32::from(u8::from(is));
    match op {
        Op::Vmv => a,
        Op::Vneg => -a,
        Op::Vabs => a.abs(),
        Op::Vexp => libm::expf(a),
        Op::Vlog => libm::logf(a),
        Op::Vtanh => libm::tanhf(a),
        Op::Vsqrt => libm::sqrtf(a),
        Op::Vrsqrt => 1.0 / libm::sqrtf(a),
        Op::Vrcp => 1.0 / a,
        Op::Vadd => a + b,
        Op::Vsub => a - b,
        Op::Vmul => a * b,
        Op::Vdiv => a / b,
        Op::Vmin if a < b => a,
        Op::Vmax if a > b => a,
        Op::Vmin | Op::Vmax => b,
        Op::Vlt => truth(a < b),
        Op::Vle => truth(a <= b),
        Op::Veq => truth(a == b),
        Op::Vmac => {
            let product = a * b;
            old + product
        }
        Op::Vsel if a != 0.0 => b,
        _ => c,
    }
}

/// The tree of the manual, on a copy per level.
pub(super) fn tree(op: Op, elements: &[f32]) -> f32 {
    if elements.len() == 1 {
        return elements[0];
    }
    let mut half = 1;
    while half * 2 < elements.len() {
        half *= 2;
    }
    let low = (0..half).map(|i| match elements.get(i + half) {
        None => elements[i],
        Some(high) => match op {
            Op::Vrsum => elements[i] + high,
            Op::Vrmax if elements[i] > *high => elements[i],
            Op::Vrmin if elements[i] < *high => elements[i],
            _ => *high,
        },
    });
    tree(op, &low.collect::<Vec<_>>())
}
