use super::*;
use serde_json::json;

#[track_caller]
fn says(schema: Value, value: Value, expected: &[&str]) {
    let found = Schema::compile(&schema).unwrap().violations(&value);
    let found: Vec<String> = found.into_iter().map(|it| format!("{} {}", it.pointer, it.message)).collect();
    assert_eq!(found, expected, "{value} by {schema}");
}

fn ticket() -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["priority", "tags"],
        "properties": {
            "priority": {"enum": ["low", "high"]}, "score": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
            "tags": {"type": "array", "items": {"type": "string", "minLength": 2}, "maxItems": 2, "uniqueItems": true},
            "note": {"type": ["string", "null"]},
        },
    })
}

#[test]
fn what_fits_says_nothing() {
    says(ticket(), json!({"priority": "low", "tags": ["ab"], "score": 0.5, "note": null}), &[]);
    says(json!(true), json!({"anything": 1}), &[]);
}

#[test]
fn every_violation_names_its_place_and_what_would_fit() {
    says(
        ticket(),
        json!({"priority": "urgent", "tags": ["a", "bc", "bc"], "score": 1, "extra": 1}),
        &[
            "/extra is not a member here; there are note, priority, score, tags",
            "/priority must be one of \"low\", \"high\"",
            "/score must be less than 1",
            "/tags must have at most 2 items, and has 3",
            "/tags must not have an item twice",
            "/tags/0 must have at least 2 characters, and has 1",
        ],
    );
    says(ticket(), json!([]), &["the value must be object, and is array"]);
    says(
        ticket(),
        json!({}),
        &["the value must have the member \"priority\"", "the value must have the member \"tags\""],
    );
}

#[test]
fn whole_numbers_are_whole_however_they_are_written() {
    says(json!({"type": "integer"}), json!(3.0), &[]);
    says(json!({"type": "integer"}), json!(3.5), &["the value must be integer, and is number"]);
    says(json!({"const": 1}), json!(1.0), &[]);
    says(json!({"multipleOf": 0.5}), json!(1.5), &[]);
    says(json!({"multipleOf": 2}), json!(3), &["the value must be a multiple of 2"]);
}

#[test]
fn forms_combine() {
    let either = json!({"anyOf": [{"type": "string"}, {"type": "integer"}]});
    says(either.clone(), json!("x"), &[]);
    says(either, json!(null), &["the value fits none of the forms it may have"]);
    let one = json!({"oneOf": [{"minimum": 1}, {"minimum": 2}]});
    says(one, json!(3), &["the value must fit exactly one of the forms it may have, and fits 2"]);
    says(json!({"not": {"type": "null"}}), json!(null), &["the value has a form that it must not have"]);
}

#[test]
fn references_within_the_schema_are_followed_and_none_without_end() {
    let tree = json!({"$defs": {"name": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/name"}}});
    says(tree, json!({"a": 1}), &["/a must be string, and is number"]);
    for endless in [
        json!({"$ref": "#"}),
        json!({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}),
        json!({"properties": {"child": {"$ref": "#"}}}),
    ] {
        assert!(Schema::compile(&endless).unwrap_err().contains("refers to itself"));
    }
    assert!(Schema::compile(&json!({"$ref": "https://example.org/x"})).unwrap_err().contains("within the schema"));
}

#[test]
fn a_keyword_that_is_not_understood_is_refused_by_name_and_place() {
    let why = Schema::compile(&json!({"properties": {"a": {"dependentSchemas": {}}}})).unwrap_err();
    assert_eq!(why, "/properties/a/dependentSchemas: the keyword dependentSchemas is not understood here");
    assert!(Schema::compile(&json!({"pattern": "(a+)+$"})).unwrap_err().contains("regular expressions"));
    assert!(Schema::compile(&json!({"type": "text"})).unwrap_err().contains("text is not a type"));
    assert!(Schema::compile(&json!([])).is_err());
}

#[test]
fn a_validation_ends() {
    let wide =
        json!({"anyOf": [{"anyOf": [{"const": 0}, {"const": 1}]}, {"items": {"anyOf": [{"const": 2}, {"const": 3}]}}]});
    let schema = Schema::compile(&wide).unwrap();
    let value = Value::Array((0..100_000).map(|_| json!(9)).collect());
    assert!(!schema.violations(&value).is_empty());
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    assert!(Schema::compile(&json!({"items": {"items": {"type": "array"}}})).unwrap().violations(&deep).is_empty());
    let nested = (0..100).fold(json!({}), |inner, _| json!({"items": inner}));
    assert!(Schema::compile(&nested).is_err());
}
