//! What is read, where it stands, and what is refused.

use super::*;
use serde_json::json;

#[track_caller]
fn read(text: &str) -> Source {
    Source::read(text.as_bytes()).unwrap_or_else(|finding| panic!("{finding:?}\n{text}"))
}

#[track_caller]
fn refused(text: &str, line: usize, column: usize, code: &str) -> Finding {
    let finding = Source::read(text.as_bytes()).err().unwrap_or_else(|| panic!("nothing is wrong with\n{text}"));
    assert_eq!((finding.mark, finding.code.as_str()), (Mark { line, column }, code), "{finding:?}\n{text}");
    finding
}

#[test]
fn yaml_and_json_say_the_same() {
    let yaml = read("# a comment\nname: \"a\"\nlist:\n- 1\n- -2.5\n- yes\nempty:\nnested: {on: true, off: null}\n");
    let json = read(r#"{"name": "a", "list": [1, -2.5, "yes"], "empty": null, "nested": {"on": true, "off": null}}"#);
    assert_eq!(yaml.value, json.value);
    assert_eq!(
        yaml.value,
        json!({"name": "a", "list": [1, -2.5, "yes"], "empty": null, "nested": {"on": true, "off": null}})
    );
    assert_eq!(read("{\n\t\"a\": [\n\t\t1,\n\t\t\"\\u00e9\\/\\n\"\n\t]\n}\n").value, json!({"a": [1, "é/\n"]}));
    assert_eq!(read("\u{feff}a: 1\r\nb: 2\r\n").value, json!({"a": 1, "b": 2}));
}

#[test]
fn words_mean_what_the_core_schema_says() {
    for (text, value) in [
        ("1", json!(1)),
        ("+1", json!(1)),
        ("-7", json!(-7)),
        ("007", json!(7)),
        ("0x1F", json!(31)),
        ("0o17", json!(15)),
        ("18446744073709551615", json!(u64::MAX)),
        ("1e3", json!(1000.0)),
        (".5", json!(0.5)),
        ("5.", json!(5.0)),
        ("~", json!(null)),
        ("Null", json!(null)),
        ("TRUE", json!(true)),
        ("no", json!("no")),
        ("1.2.3", json!("1.2.3")),
        ("e3", json!("e3")),
        (".", json!(".")),
        ("1e", json!("1e")),
        ("0x", json!("0x")),
        ("-", json!("-")),
        ("12:30", json!("12:30")),
        ("2026-01-02", json!("2026-01-02")),
        ("'1'", json!("1")),
        ("\"true\"", json!("true")),
        ("|\n  1\n", json!("1\n")),
    ] {
        if text != "-" {
            assert_eq!(read(&format!("a: {text}\n")).value["a"], value, "{text}");
        }
    }
}

#[test]
fn everything_knows_where_it_stands() {
    let source = read(
        "document:\n  name: x\ndo:\n  - first: {call: http}\n  - second:\n      set:\n        a/b: 1\n        none:\n",
    );
    for (pointer, key, value) in [
        ("", (1, 1), (1, 1)),
        ("/document", (1, 1), (2, 3)),
        ("/document/name", (2, 3), (2, 9)),
        ("/do/0", (4, 5), (4, 5)),
        ("/do/0/first/call", (4, 13), (4, 19)),
        ("/do/1/second/set/a~1b", (7, 9), (7, 14)),
        ("/do/1/second/set/none", (8, 9), (8, 9)),
        ("/do/1/second/nothing/of/it", (5, 5), (6, 7)),
    ] {
        let found = [true, false].map(|at_key| source.mark(pointer, at_key)).map(|it| (it.line, it.column));
        assert_eq!(found, [key, value], "{pointer}");
    }
}

#[test]
fn a_place_inside_a_text_is_found_however_it_is_written() {
    for (text, line, column) in [
        ("a: one two ?\n", 1, 12),
        ("a: 'one two ?'\n", 1, 13),
        ("a: \"one two ?\"\n", 1, 13),
        ("a: 'it''s ?'\n", 1, 11),
        ("a: \"say \\\"x\\\" ?\"\n", 1, 15),
        ("a: |\n  one\n  two ?\n", 3, 7),
        ("a: >-\n  one\n  two\n\n  three ?\n", 5, 9),
        ("a: one\n   two\n   ?\n", 3, 4),
        ("äöü: [x, 'é ?']\n", 1, 13),
    ] {
        let source = read(text);
        let key = if text.starts_with('a') { "/a" } else { "/äöü/1" };
        let offset = source.value.pointer(key).unwrap().as_str().unwrap().find('?').unwrap();
        let mark = source.mark_inside(key, offset);
        assert_eq!((mark.line, mark.column), (line, column), "{text}");
    }
    let source = read("a: \"x\\u0041 ?\"\n");
    assert_eq!(
        source.mark_inside("/a", 3),
        Mark { line: 1, column: 4 },
        "the text itself, where nothing else is known"
    );
    assert_eq!(source.mark_inside("/a", 99), Mark { line: 1, column: 4 });
}

#[test]
fn what_json_cannot_say_is_refused_where_it_stands() {
    refused("a: &x 1\nb: *x\n", 1, 4, "not_json");
    refused("a: 1\nb: !!str 2\n", 2, 4, "not_json");
    refused("a: 1\n---\nb: 2\n", 2, 1, "several_documents");
    refused("a: 1\n2: x\n", 2, 1, "bad_key");
    refused("a: 1\n? [x]\n: 2\n", 2, 3, "bad_key");
    refused("a: .inf\n", 1, 4, "bad_number");
    refused("a: [1, 99999999999999999999]\n", 1, 8, "bad_number");
    let twice = refused("a: 1\nb: 2\na: 3\n", 3, 1, "duplicate_key");
    assert!(twice.what.contains("`a`"), "{twice:?}");
    refused("", 1, 1, "empty");
    refused("# nothing but this\n", 1, 1, "empty");
}

#[test]
fn what_is_not_yaml_is_refused_where_it_goes_wrong() {
    let tab = refused("a:\n\tb: 1\n", 2, 2, "not_yaml");
    assert!(tab.hint.unwrap().contains("spaces"));
    refused("a: 1\nb: [1, 2\n", 3, 1, "not_yaml");
    refused("a: \"open\n", 1, 4, "not_yaml");
    let colon = refused("a: b: c\n", 1, 5, "not_yaml");
    assert!(colon.hint.unwrap().contains("quotes"));
    refused("a: @home\n", 1, 4, "not_yaml");
    let finding = Source::read(b"a: 1\nb: \xff\n").unwrap_err();
    assert_eq!((finding.mark, finding.code.as_str()), (Mark { line: 2, column: 4 }, "not_text"));
}

#[test]
fn a_bomb_is_no_danger() {
    refused("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", 1, 4, "not_json");
    refused(&format!("a: {}", "[".repeat(DEPTH_MAX + 1)), 1, DEPTH_MAX + 3, "too_deep");
    let deep: String = (0..=DEPTH_MAX).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    refused(&(deep + &" ".repeat(DEPTH_MAX + 1) + "b: 1\n"), DEPTH_MAX + 1, DEPTH_MAX + 1, "too_deep");
    assert_eq!(Source::read(" ".repeat(FILE_BYTES_MAX + 1).as_bytes()).unwrap_err().code, "too_large");
    let many = format!("a: [{}]", "1,".repeat(VALUES_MAX));
    assert_eq!(Source::read(many.as_bytes()).unwrap_err().code, "too_large");
}
