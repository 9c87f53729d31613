//! When a component is started: of the expressions of cron, those that mean every so many seconds.

/// Seconds between two starts. Fields are second, minute, hour, day, month, weekday and perhaps year.
pub fn seconds(expression: &str) -> Result<u64, String> {
    let mut fields = expression.split_whitespace();
    let first = fields.next().unwrap_or_default();
    let others: Vec<&str> = fields.collect();
    let refused =
        || format!("the cron expression {expression:?} means more than \"every so many seconds\", as */5 * * * * *");
    if !matches!(others.len(), 5 | 6) || others.iter().any(|field| *field != "*") {
        return Err(refused());
    }
    match first.split_once('/') {
        None if first == "*" => Ok(1),
        Some(("*" | "0", every)) => every.parse().ok().filter(|every| (1..=59).contains(every)).ok_or_else(refused),
        _ => Err(refused()),
    }
}
