//! The Pareto front, a line each.

use evolve_core::Goal;

use crate::format::one_line;
use crate::model::Front;

/// What `evolve best --front` prints.
pub fn front(front: &Front) -> String {
    let objectives = front.objectives.iter().map(|objective| {
        let goal = if objective.goal == Goal::Maximize { "more" } else { "less" };
        format!("{} ({goal} is better)", one_line(&objective.metric, 60))
    });
    let mut out = format!("{}\n", objectives.collect::<Vec<_>>().join(", "));
    for point in &front.points {
        let values = front.objectives.iter().map(|objective| {
            let value = point.values.get(&objective.metric).copied().flatten();
            let value = value.map_or_else(|| "-".to_owned(), |value| value.to_string());
            format!("{} = {value}", one_line(&objective.metric, 60))
        });
        let best = if point.is_best { "  the best" } else { "" };
        let values = values.collect::<Vec<_>>().join(", ");
        out.push_str(&format!("{}  {values}{best}\n", point.candidate));
    }
    if let Some(volume) = front.hypervolume {
        out.push_str(&format!(
            "hypervolume {volume:.4} (1: one candidate is the best in every objective)\n"
        ));
    }
    out
}
