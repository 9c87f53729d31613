//! Manifests that are served, and those that are not.

use super::{Manifest, fill, seconds};
use std::collections::BTreeMap;

const SMALL: &str = r#"
spin_manifest_version = 2
[application]
name = "small"
[variables]
token = { required = true, secret = true }
[[trigger.http]]
route = "/..."
component = "one"
[[trigger.http]]
route = { private = true }
component = "two"
[[trigger.cron]]
component = "two"
cron_expression = "*/5 * * * * *"
[component.one]
source = "one.wasm"
allowed_outbound_hosts = ["http://two.spin.internal"]
sqlite_databases = ["default"]
[component.one.variables]
token = "{{ token }}"
[component.one.build]
command = "make"
[component.two]
source = "two.wasm"
"#;

#[test]
fn a_manifest_of_the_part_that_is_served_is_read() {
    let manifest = Manifest::parse(SMALL).unwrap();
    assert_eq!(manifest.component["one"].source, "one.wasm");
    assert_eq!(manifest.trigger.http.len(), 2);
    assert!(manifest.variables["token"].required);
}

#[test]
fn what_is_not_served_is_refused_by_its_name() {
    for (put, instead, named) in [
        ("[component.two]\nsource = \"two.wasm\"", "[component.two]\nsource = \"two.wasm\"\nfiles = [\"x\"]", "files"),
        (
            "[component.two]\nsource = \"two.wasm\"",
            "[component.two]\nsource = \"t\"\nkey_value_stores = [\"default\"]",
            "key_value_stores",
        ),
        ("[[trigger.cron]]", "[[trigger.redis]]", "redis"),
        (
            "[component.two]\nsource = \"two.wasm\"",
            "[component.two]\nsource = {url=\"https://x\",digest=\"y\"}",
            "source",
        ),
        ("spin_manifest_version = 2", "spin_manifest_version = 1", "spin_manifest_version"),
        ("[\"default\"]", "[\"other\"]", "other"),
        ("component = \"two\"\ncron", "component = \"three\"\ncron", "three"),
        ("{ private = true }", "{ private = false }", "private"),
    ] {
        let text = SMALL.replacen(put, instead, 1);
        assert_ne!(text, SMALL, "{named}");
        let why = Manifest::parse(&text).unwrap_err();
        assert!(why.contains(named), "{named}: {why}");
    }
}

#[test]
fn a_text_takes_the_values_of_its_variables_or_is_refused() {
    let variables = BTreeMap::from([("host".to_owned(), "example.org".to_owned())]);
    assert_eq!(fill("https://{{ host }}:{{host}}/", &variables).unwrap(), "https://example.org:example.org/");
    assert_eq!(fill("plain", &variables).unwrap(), "plain");
    assert!(fill("{{ other }}", &variables).unwrap_err().contains("other"));
    assert!(fill("{{ host", &variables).unwrap_err().contains("}}"));
}

#[test]
fn a_schedule_is_every_so_many_seconds_or_is_refused() {
    assert_eq!(seconds("* * * * * *"), Ok(1));
    assert_eq!(seconds("*/5 * * * * *"), Ok(5));
    assert_eq!(seconds("0/30 * * * * * *"), Ok(30));
    for odd in ["", "* * * * *", "1/5 * * * * *", "*/0 * * * * *", "*/60 * * * * *", "*/5 1 * * * *", "0 0 1 1 * *"] {
        assert!(seconds(odd).unwrap_err().contains("every so many seconds"), "{odd}");
    }
}
