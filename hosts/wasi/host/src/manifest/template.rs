//! Texts with variables in them: `{{ name }}`.

use std::collections::BTreeMap;

/// `text` with the values of `variables`. The error names what is not there.
pub fn fill(text: &str, variables: &BTreeMap<String, String>) -> Result<String, String> {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once("{{") {
        let (name, behind) = behind.split_once("}}").ok_or_else(|| format!("{text} lacks a closing }}}}"))?;
        let name = name.trim();
        filled.push_str(before);
        filled.push_str(
            variables.get(name).ok_or_else(|| format!("{text} names the variable {name}, which is not there"))?,
        );
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}
