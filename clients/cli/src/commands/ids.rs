//! Ids as people write them: whole, or cut to a part at the beginning or the end that only one thing has.

use crate::api::Api;
use crate::outcome::Problem;
use kernel::id::Id;
use serde_json::Value;

/// The fewest characters that stand for an id.
const CHARS_MIN: usize = 4;
/// How many tasks are looked through, newest first.
const TASKS_MAX: u64 = 1_024;
/// How many tasks come with one answer.
const PAGE: u64 = 256;

/// The id that `part` stands for among `known`; `what` they are, and which command lists them.
pub fn whole(part: &str, known: &[String], what: &str, list: &str) -> Result<String, Problem> {
    if known.iter().any(|id| id == part) {
        return Ok(part.to_owned());
    }
    let hint = format!("See `{list}`.");
    if part.chars().count() < CHARS_MIN {
        let why = format!("{part:?} is too short for an id: write at least {CHARS_MIN} characters of it");
        return Err(Problem::usage(why, hint));
    }
    let fits = |id: &&String| id.starts_with(part) || id.ends_with(part);
    match known.iter().filter(fits).collect::<Vec<_>>().as_slice() {
        [] => Err(Problem::failed("not_found", format!("there is no {what} {part}"), hint)),
        [only] => Ok((*only).clone()),
        several => {
            let all: Vec<&str> = several.iter().map(|id| id.as_str()).collect();
            let hint = format!("Write more of it: {}", all.join(", "));
            Err(Problem::usage(format!("{} {what}s begin or end in {part}", several.len()), hint))
        }
    }
}

/// The task that `part` stands for.
pub async fn task(api: &Api, base: &str, part: &str) -> Result<String, Problem> {
    if part.parse::<Id>().is_ok() {
        return Ok(part.to_owned());
    }
    let mut known = Vec::new();
    while known.len() < TASKS_MAX as usize {
        let page = api.get(&format!("{base}/tasks?skip={}&limit={PAGE}", known.len()), 30_000).await?;
        let ids = texts(&page, "/tasks", "id");
        let last = ids.len() < PAGE as usize;
        known.extend(ids);
        if last {
            break;
        }
    }
    whole(part, &known, "task", "kernelos task list")
}

/// The text under `name` of every element of the list at `pointer`.
pub fn texts(answer: &Value, pointer: &str, name: &str) -> Vec<String> {
    let items = answer.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.get(name)?.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_stands_for_an_id_when_only_one_has_it() {
        let known = ["task_abcd_0001", "task_abcd_0002", "task_wxyz_1002"].map(str::to_owned);
        let whole = |part: &str| whole(part, &known, "task", "kernelos task list");
        assert_eq!(whole("task_abcd_0001").unwrap(), "task_abcd_0001");
        assert_eq!(whole("0001").unwrap(), "task_abcd_0001");
        assert_eq!(whole("task_w").unwrap(), "task_wxyz_1002");
        let several = whole("task_abcd").unwrap_err();
        assert_eq!((several.exit, several.hint.contains("task_abcd_0002")), (2, true));
        assert_eq!(whole("002").unwrap_err().exit, 2);
        assert_eq!(whole("9999").unwrap_err().code, "not_found");
    }
}
