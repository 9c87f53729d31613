use super::*;
use proptest::prelude::*;
use serde_json::json;

#[track_caller]
fn gives(source: &str, input: Value, expected: Value) {
    let expression = Expression::parse(source).unwrap_or_else(|bad| panic!("{source}: {bad:?}"));
    assert_eq!(expression.evaluate(&input, &[]), Ok(expected), "{source} on {input}");
}

#[track_caller]
fn fails(source: &str, input: Value, kind: ExpressionErrorKind) {
    let error = Expression::parse(source).unwrap().evaluate(&input, &[]).unwrap_err();
    assert_eq!(error.kind, kind, "{source}: {}", error.message);
}

#[test]
fn what_people_write_in_workflows_means_what_jq_says() {
    let order = json!({"id": 7, "items": [{"name": "pen", "price": 3}, {"name": "ink", "price": 9}], "note": null});
    for (source, expected) in [
        (".id", json!(7)),
        (".items[0].name", json!("pen")),
        (".items[-1].name", json!("ink")),
        (".items | length", json!(2)),
        ("[.items[].price] | add", json!(12)),
        (".items | map(.price) | max", json!(9)),
        (".items | map(select(.price > 5)) | first | .name", json!("ink")),
        (".missing // \"none\"", json!("none")),
        (".note // .id", json!(7)),
        ("\"Order \\(.id): \\(.items | length) items\"", json!("Order 7: 2 items")),
        ("{id, count: (.items | length)}", json!({"id": 7, "count": 2})),
        (".items | sort_by(.name) | map(.name) | join(\", \")", json!("ink, pen")),
        (".items | group_by(.price > 5) | map(length)", json!([1, 1])),
        ("if .id == 7 then \"yes\" else \"no\" end", json!("yes")),
        (".items | any(.price == 3)", json!(true)),
        (". as {id: $n, items: [$first]} | [$n, $first.name]", json!([7, "pen"])),
        ("reduce .items[] as $i (0; . + $i.price)", json!(12)),
        ("[foreach .items[] as $i (0; . + $i.price)]", json!([3, 12])),
        ("[foreach .items[] as $i (0; . + $i.price; [$i.name, .])]", json!([["pen", 3], ["ink", 12]])),
        (".items | to_entries | map(.key)", json!([0, 1])),
        (".id as $x | [range($x)] | .[2:4]", json!([2, 3])),
        ("1 | [limit(3; repeat(. * 2))]", json!([1, 2, 4])),
        ("first(range(10; 20))", json!(10)),
        ("[.[]?] | length", json!(3)),
        ("try error(\"x\") catch \"caught \\(.)\"", json!("caught x")),
        (".items[1].price |= . + 1 | .items[1].price", json!(10)),
        (".tags += [\"new\"] | .tags", json!(["new"])),
        ("del(.items[0]) | .items | length", json!(1)),
        ("[paths] | length", json!(9)),
        (".items | map(has(\"name\")) | all", json!(true)),
        ("[.. | numbers]", json!([7, 3, 9])),
        ("def double(f): f * 2; double(.id)", json!(14)),
        ("def of($k): .[$k]; of(\"id\")", json!(7)),
        ("label $out | .items[] | if .price > 5 then ., break $out else empty end | .name", json!("ink")),
        ("@uri \"q=\\(.items[0].name + \" &\")\"", json!("q=pen%20%26")),
        ("[.items[] | .name |= ascii_upcase | .name]", json!(["PEN", "INK"])),
        ("with_entries(.value |= type) | .items", json!("array")),
        ("[.items[].name | @json]", json!(["\"pen\"", "\"ink\""])),
        ("[1, [2, [3]]] | flatten", json!([1, 2, 3])),
        ("\"a,b\" | split(\",\")", json!(["a", "b"])),
        ("[1 | while(. < 50; . * 3)]", json!([1, 3, 9, 27])),
        ("{} | .a.b[2] = 1", json!({"a": {"b": [null, null, 1]}})),
        ("[1, 2, 3] - [2]", json!([1, 3])),
        ("10 / 4", json!(2.5)),
        ("-7 % 3", json!(-1)),
        ("\"x\" * 3", json!("xxx")),
        ("9007199254740993 + 1", json!(9_007_199_254_740_994_u64)),
        ("[3.0, 1e2, 0.1 + 0.2]", json!([3, 100, 0.3])),
        ("null | not", json!(true)),
        ("walk(if type == \"number\" then . + 1 else . end) | .id", json!(8)),
    ] {
        gives(source, order.clone(), expected);
    }
    gives("[until(. > 100; . * 2)]", json!(1), json!([128]));
}

#[test]
fn variables_come_from_outside_and_an_unknown_one_is_named() {
    let context = json!({"n": 2});
    let variables: &Variables<'_> = &[("context", &context), ("input", &json!(1))];
    let sum = Expression::parse("$context.n + $input").unwrap().evaluate(&json!(null), variables);
    assert_eq!(sum, Ok(json!(3)));
    let unknown = Expression::parse("$contxt").unwrap().evaluate(&json!(null), variables).unwrap_err();
    assert!(unknown.message.contains("$contxt") && unknown.message.contains("$context"), "{}", unknown.message);
}

#[test]
fn what_never_ends_is_stopped() {
    for source in [
        "[repeat(1)]",
        "[range(1e18)] | length",
        "[range(0; 1; 0.0000000001)] | length",
        "last(repeat(1))",
        "[recurse(. + 1)] | length",
        "0 | until(false; . + 1)",
        "[0 | while(true; . + 1)] | length",
        "reduce range(1e15) as $i (0; . + 1)",
        "[limit(1e15; repeat(0))] | length",
        "[range(3000) as $a | range(3000) as $b | $a] | length",
        "def a: range(30); [a as $x | a as $y | a as $z | a as $w | a as $v | 1] | length",
    ] {
        let error = Expression::parse(source).unwrap().evaluate(&json!(null), &[]).unwrap_err();
        let limits = [ExpressionErrorKind::Fuel, ExpressionErrorKind::TooLarge, ExpressionErrorKind::Failed];
        assert!(limits.contains(&error.kind), "{source}: {error:?}");
        assert_eq!(Expression::parse(source).unwrap().evaluate(&json!(null), &[]), Err(error), "{source}");
    }
}

#[test]
fn what_grows_without_bound_is_stopped_and_no_try_hides_it() {
    for source in [
        "\"x\" * 1e9",
        "reduce range(64) as $i (\"ab\"; . + .)",
        "reduce range(64) as $i ([1]; . + .)",
        "[range(1e6)] | tojson * 100",
        "try (\"x\" * 1e9) catch \"hidden\"",
        "(\"x\" * 1e9)? // \"hidden\"",
        "[.[99999999] = 1]",
    ] {
        let result = Expression::parse(source).unwrap().evaluate(&json!([]), &[]);
        assert!(result.is_err(), "{source}: {result:?}");
    }
    fails("empty", json!(null), ExpressionErrorKind::Empty);
}

#[test]
fn what_is_not_on_the_list_is_refused_by_name() {
    for (source, name) in [
        ("now", "now"),
        ("env.HOME", "env"),
        ("$ENV | input", "input"),
        (". | debug", "debug"),
        (".a | test(\"(a+)+$\")", "test"),
        ("sin", "sin"),
        ("[.[] | lenght]", "lenght"),
        ("def f: f; f", "f"),
        ("def f: g; def g: f; f", "g"),
    ] {
        let bad = Expression::parse(source).unwrap_err();
        assert!(bad.message.contains(&format!("`{name}`")), "{source}: {bad:?}");
        assert!(bad.offset.is_some(), "{source}");
    }
    assert_eq!(Expression::parse("lenght").unwrap_err().hint.as_deref(), Some("the nearest is `length`"));
}

#[test]
fn a_source_that_is_not_jq_says_where() {
    for (source, offset) in [(".a +", 4), ("[1, 2", 0), ("if . then 1", 0), (".a §", 3), ("", 0)] {
        let bad = Expression::parse(source).unwrap_err();
        assert!(bad.offset.is_some_and(|at| at >= offset), "{source}: {bad:?}");
    }
}

#[test]
fn what_people_write_in_a_row_does_not_count_as_nesting() {
    let members = (0..90).map(|nth| format!("m{nth}: (.a | tostring | length)")).collect::<Vec<_>>().join(", ");
    gives(&format!("{{{members}}} | length"), json!({"a": 1}), json!(90));
    let text = "\\(.a | tostring), ".repeat(90);
    gives(&format!("\"{text}\" | length"), json!({"a": 1}), json!(270));
    let table = "def cell: if . == null then \"-\" else tostring end;
        [.rows[] | \"| \" + ([.a, .b, .c, .d] | map(cell) | join(\" | \")) + \" |\"] | join(\"\\n\")";
    gives(table, json!({"rows": [{"a": 1, "c": "x"}]}), json!("| 1 | - | x | - |"));
    gives("{a: (1, 2), b: .a, c: (.b | ., .)} | [.a, .c]", json!({"a": 3, "b": 4}), json!([1, 4]));
    gives("[{a: (1, 2), b: 5, c: (3, 4)} | .a * 10 + .c]", json!(null), json!([13, 14, 23, 24]));
    gives("[\"\\(1, 2)-\\(.a)-\\(3, 4)\"]", json!({"a": 0}), json!(["1-0-3", "1-0-4", "2-0-3", "2-0-4"]));
    gives("[.a[] | select(. > 1) | {n: .}] | map(.n)", json!({"a": [1, 2, 3]}), json!([2, 3]));
    gives("[{k: (.a | select(. > 1))}]", json!({"a": 1}), json!([]));
}

#[test]
fn a_template_is_any_json_with_expressions_in_it() {
    let template = Template::parse(&json!({"to": "${ .mail }", "list": ["${ 1 + 1 }", "plain"], "n": 3})).unwrap();
    let filled = template.evaluate(&json!({"mail": "a@example.org"}), &[]).unwrap();
    assert_eq!(filled, json!({"to": "a@example.org", "list": [2, "plain"], "n": 3}));
    assert!(template.constant().is_none());
    assert_eq!(Template::parse(&json!({"a": [1]})).unwrap().constant(), Some(&json!({"a": [1]})));
    let bad = Template::parse(&json!({"a/b": ["${ .x + }"]})).unwrap_err();
    assert_eq!(bad.pointer, "/a~1b/0");
    assert!(Template::parse_expression(&json!(".a > 1")).unwrap().constant().is_none());
}

proptest! {
    #[test]
    fn no_source_and_no_value_brings_it_down(source in "[-.a-c\\[\\]{}()|,:;\"$ 0-9+*/<>=?]{0,40}", n in any::<i64>()) {
        if let Ok(expression) = Expression::parse(&source) {
            let _ = expression.evaluate(&json!({"a": [1, {"b": n}], "c": "text"}), &[]);
        }
    }

    #[test]
    fn programs_of_filters_end(names in proptest::collection::vec(0..NAMES_LEN, 1..5), n in -5i64..5) {
        let part = |nth: usize| {
            let (name, arguments) = functions::NAMES[nth];
            match arguments {
                0 => name.to_owned(),
                count => format!("{name}({})", vec![".[]?"; count].join("; ")),
            }
        };
        let source = names.into_iter().map(part).collect::<Vec<_>>().join(" | ");
        let expression = Expression::parse(&source).unwrap();
        for input in [json!(n), json!([n, [n]]), json!({"a": n}), json!("text"), json!(null)] {
            let _ = expression.evaluate(&input, &[]);
        }
    }
}

const NAMES_LEN: usize = functions::NAMES.len();
