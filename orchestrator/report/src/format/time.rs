//! Times, absolute and relative.

use jiff::Timestamp;

/// A length of time, given in seconds.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "–".to_owned();
    }
    if seconds < 0.000_5 {
        return format!("{:.0} µs", seconds * 1e6);
    }
    if seconds < 1.0 {
        return format!("{:.0} ms", seconds * 1e3);
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    let (days, hours, minutes) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{whole} s"),
        (0, 0, _) => format!("{minutes} min {:02} s", whole % 60),
        (0, _, _) => format!("{hours} h {minutes:02} min"),
        _ => format!("{days} d {hours:02} h"),
    }
}

/// How long before `now` something was.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs();
    match seconds {
        ..=-1 => "in the future".to_owned(),
        0..=1 => "just now".to_owned(),
        2..=59 => format!("{seconds} s ago"),
        60..=3_599 => format!("{} min ago", seconds / 60),
        3_600..=86_399 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// A point in time, to the second.
pub fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A point in time, absolute and relative.
pub fn moment(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", stamp(at), ago(at, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_fitting_units() {
        let texts = [0.000_02, 0.25, 3.1, 9.99, 75.0, 3_725.0, 200_000.0].map(duration);
        assert_eq!(
            texts,
            ["20 µs", "250 ms", "3.1 s", "10 s", "1 min 15 s", "1 h 02 min", "2 d 07 h"]
        );
        assert_eq!(duration(f64::NAN), "–");
    }

    #[test]
    fn a_time_is_told_from_both_ends() {
        let at: Timestamp = "2026-01-02T03:04:05.9Z".parse().unwrap();
        let now: Timestamp = "2026-01-02T05:04:06Z".parse().unwrap();
        assert_eq!(moment(at, now), "2026-01-02 03:04:05 UTC (2 h ago)");
        assert_eq!(ago(now, at), "in the future");
        assert_eq!(ago(at, at), "just now");
    }
}
