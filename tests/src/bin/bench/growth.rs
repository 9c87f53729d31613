use crate::report::Report;
pub fn run(_: &mut Report) -> Result<(), String> { Ok(()) }
