//! One line a measurement.

use serde_json::json;

/// Which side of its target a value has to be on.
#[derive(Clone, Copy)]
pub enum Target {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// Told for orientation only.
    None,
}

/// Prints measurements.
pub struct Report {
    json: bool,
    group: &'static str,
}

impl Report {
    pub fn new(json: bool) -> Self {
        Self { json, group: "" }
    }

    pub fn begin(&mut self, group: &'static str) {
        self.group = group;
        eprintln!("measuring {group} …");
    }

    /// Say what was measured, in `unit`, against `baseline`.
    pub fn row(&self, name: &str, value: f64, unit: &str, baseline: f64, target: Target) {
        let (bound, holds, sign) = match target {
            Target::AtLeast(bound) => (Some(bound), Some(value >= bound), "≥ "),
            Target::AtMost(bound) => (Some(bound), Some(value <= bound), "≤ "),
            Target::None => (None, None, ""),
        };
        if self.json {
            let line = json!({
                "group": self.group, "name": name, "value": rounded(value), "unit": unit, "baseline": rounded(baseline),
                "target": bound.map(|bound| format!("{sign}{bound}")), "holds": holds,
            });
            println!("{line}");
            return;
        }
        let verdict = match holds {
            Some(true) => "holds",
            Some(false) => "MISSED",
            None => "",
        };
        let bound = bound.map(|bound| format!("{sign}{}", rounded(bound))).unwrap_or_default();
        println!(
            "{:<18} {name:<74} {:>12} {unit:<8} baseline {:>12}  {bound:<8} {verdict}",
            self.group,
            rounded(value),
            rounded(baseline)
        );
    }
}

impl Report {
    /// Print a table for people; programs have the rows.
    pub fn table(&self, text: &str) {
        if !self.json {
            println!("{text}");
        }
    }
}

fn rounded(value: f64) -> f64 {
    let scale = if value.abs() >= 100.0 { 1.0 } else { 1000.0 };
    (value * scale).round() / scale
}

/// The middle value.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
