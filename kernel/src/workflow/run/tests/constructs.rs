//! Each construct of the language, by what comes of it.

use super::*;

#[test]
fn values_flow_through_set_do_switch_for_and_conditions() {
    let rows = [
        (
            "a set replaces the value",
            json!([{"a": {"set": {"x": "${ .n + 1 }", "y": "text"}}}]),
            json!({"n": 1}),
            json!({"x": 2, "y": "text"}),
        ),
        ("a set may be one expression", json!([{"a": {"set": "${ .n }"}}]), json!({"n": [1, 2]}), json!([1, 2])),
        (
            "tasks see what the one before came to",
            json!([{"a": {"set": {"n": 1}}}, {"b": {"set": {"n": "${ .n + 1 }"}}}]),
            json!(null),
            json!({"n": 2}),
        ),
        (
            "a list within a list is one task",
            json!([{"a": {"do": [{"b": {"set": {"n": 1}}}, {"c": {"set": {"n": "${ .n + 1 }"}}}]}}]),
            json!(null),
            json!({"n": 2}),
        ),
        (
            "what does not hold is passed over",
            json!([{"a": {"if": "${ .go }", "set": {"n": 1}}}]),
            json!({"go": false}),
            json!({"go": false}),
        ),
        ("null does not hold", json!([{"a": {"if": ".go", "set": {"n": 1}}}]), json!({}), json!({})),
        ("zero holds", json!([{"a": {"if": ".go", "set": {"n": 1}}}]), json!({"go": 0}), json!({"n": 1})),
        (
            "an input is prepared for one task",
            json!([{"a": {"input": {"from": "${ .deep }"}, "set": {"n": "${ .n }"}}}]),
            json!({"deep": {"n": 7}}),
            json!({"n": 7}),
        ),
        ("an output is shaped", json!([{"a": {"set": {"n": 7}, "output": {"as": "${ .n }"}}}]), json!(null), json!(7)),
        (
            "an output sees the task's input",
            json!([{"a": {"set": {"n": 7}, "output": {"as": {"was": "${ $input.n }", "is": "${ .n }"}}}}]),
            json!({"n": 1}),
            json!({"was": 1, "is": 7}),
        ),
        (
            "what is exported is there later",
            json!([{"a": {"set": {"n": 7}, "export": {"as": "${ {kept: .n} }"}}}, {"b": {"set": {"z": 0}}}, {"c": {"set": {"kept": "${ $context.kept }"}}}]),
            json!(null),
            json!({"kept": 7}),
        ),
        (
            "the workflow knows its own input",
            json!([{"a": {"set": {"z": 0}}}, {"b": {"set": {"was": "${ $workflow.input.n }"}}}]),
            json!({"n": 3}),
            json!({"was": 3}),
        ),
        (
            "a task knows its name",
            json!([{"named": {"set": {"name": "${ $task.name }"}}}]),
            json!(null),
            json!({"name": "named"}),
        ),
    ];
    for (what, list, input, output) in rows {
        assert_eq!(comes_to(list, input), output, "{what}");
    }
}

#[test]
fn a_switch_goes_where_its_first_case_that_holds_says() {
    let list = json!([
        {"route": {"switch": [
            {"small": {"when": ".n < 10", "then": "small"}},
            {"end": {"when": ".n == 10", "then": "end"}},
            {"other": {"then": "large"}}
        ]}},
        {"small": {"set": {"is": "small"}, "then": "last"}},
        {"large": {"set": {"is": "large"}}},
        {"last": {"set": {"is": "${ .is }", "last": true}}}
    ]);
    assert_eq!(comes_to(list.clone(), json!({"n": 1})), json!({"is": "small", "last": true}));
    assert_eq!(comes_to(list.clone(), json!({"n": 11})), json!({"is": "large", "last": true}));
    assert_eq!(comes_to(list, json!({"n": 10})), json!({"n": 10}), "the output of a switch is its input");
    let none =
        json!([{"route": {"switch": [{"never": {"when": "false", "then": "end"}}]}}, {"next": {"set": {"n": 1}}}]);
    assert_eq!(comes_to(none, json!({})), json!({"n": 1}), "without a case that holds it goes on");
}

#[test]
fn then_leads_on_out_or_to_the_end() {
    let body = |then: &str| {
        json!([
            {"outer": {"do": [{"a": {"set": {"at": "a"}, "then": then}}, {"b": {"set": {"at": "b"}}}, {"c": {"set": {"at": "c", "from": "${ .at }"}}}]}},
            {"after": {"set": {"at": "after", "from": "${ .at }"}}}
        ])
    };
    assert_eq!(comes_to(body("exit"), json!(null)), json!({"at": "after", "from": "a"}));
    assert_eq!(comes_to(body("end"), json!(null)), json!({"at": "a"}));
    assert_eq!(comes_to(body("continue"), json!(null)), json!({"at": "after", "from": "c"}));
    assert_eq!(play(&tasks(body("c")), &json!(null), &[]).end.unwrap(), json!({"at": "after", "from": "c"}));
}

#[test]
fn a_loop_goes_through_its_items_while_its_condition_holds() {
    let body = json!([{"add": {"set": "${ . + [$item * 10 + $index] }"}}]);
    let plain = |items: Value| {
        let each = json!({"each": {"input": {"from": "[]"}, "for": {"in": "$workflow.input"}, "do": body}});
        comes_to(json!([each]), items)
    };
    assert_eq!(plain(json!([1, 2, 3])), json!([10, 21, 32]));
    assert_eq!(plain(json!([])), json!([]), "nothing to go through changes nothing");
    let guarded = json!([{"each": {
        "for": {"each": "it", "in": "[1, 2, 3, 4]", "at": "nth"}, "while": "$it < 3",
        "do": [{"add": {"set": "${ (. // 0) + $it + $nth }"}}]
    }}]);
    assert_eq!(comes_to(guarded, json!(0)), json!(4));
    let never = json!([{"each": {"for": {"in": "[1]"}, "while": "false", "do": [{"a": {"set": {"n": 1}}}]}}]);
    assert_eq!(comes_to(never, json!("as it was")), json!("as it was"));
    let nested = json!([{"outer": {"for": {"each": "a", "in": "[1, 2]"}, "do": [
        {"inner": {"for": {"each": "b", "in": "[1, 2]"}, "do": [{"add": {"set": "${ . + [$a * $b] }"}}]}}
    ]}}]);
    assert_eq!(comes_to(nested, json!([])), json!([1, 2, 2, 4]));
    let out = json!([{"each": {"for": {"in": "[1, 2]"}, "do": [{"a": {"set": "${ . + $item }", "then": "exit"}}, {"b": {"set": "${ 0 }"}}]}}]);
    assert_eq!(
        comes_to(json!([{"zero": {"set": "${ 0 }"}}, out[0].clone()]), json!(null)),
        json!(3),
        "exit leaves the turn"
    );
}

#[test]
fn a_turn_of_a_long_loop_costs_what_the_first_one_cost() {
    let each = |count: u32| {
        let list = json!([{"each": {"for": {"in": "[range(0; $workflow.input)]"}, "do": [{"a": {"set": {"n": "${ $index }"}}}]}}]);
        play(&tasks(list), &json!(count), &[]).moves
    };
    assert_eq!(each(3_000) - each(2_000), each(2_000) - each(1_000));
}

#[test]
fn a_call_is_given_its_arguments_and_its_result_flows_on() {
    let list = json!([
        {"look": {"call": "http", "with": {"method": "get", "endpoint": "${ .url }"}, "output": {"as": "${ .name }"}}},
        {"told": {"call": "documents.write", "with": {"path": "a", "text": "${ . }"}}}
    ]);
    let answers = [ok(json!({"name": "Ada"})), ok(json!({"version": 1}))];
    let played = play(&tasks(list), &json!({"url": "https://example.org/"}), &answers);
    assert_eq!(played.end.unwrap(), json!({"version": 1}));
    let [(http, with), (write, text)] = &played.calls[..] else { panic!("{:?}", played.calls) };
    assert_eq!((http.as_str(), &with["endpoint"]), ("http.request", &json!("https://example.org/")));
    assert_eq!((write.as_str(), &text["text"]), ("documents.write", &json!("Ada")));
}

#[test]
fn the_workflow_has_an_input_and_an_output_of_its_own() {
    let more = json!({
        "input": {"schema": {"document": {"type": "object", "required": ["n"]}}, "from": ".n"},
        "output": {"as": "${ {result: .} }", "schema": {"document": {"type": "object", "properties": {"result": {"maximum": 10}}}}}
    });
    let source = with(json!([{"a": {"set": "${ . * 2 }"}}]), more);
    assert_eq!(play(&source, &json!({"n": 5}), &[]).end.unwrap(), json!({"result": 10}));
    assert_eq!(play(&source, &json!({}), &[]).error(), ("validation", 400), "the input does not fit");
    assert_eq!(play(&source, &json!({"n": 6}), &[]).error(), ("validation", 400), "the output does not fit");
}

#[test]
fn what_is_too_much_is_an_error_that_can_be_caught() {
    let doubled = json!([
        {"long": {"set": {"text": "${ reduce range(0; 19) as $i (\"ab\"; . + .) }"}}},
        {"longer": {"set": {"text": "${ .text + .text }"}}}
    ]);
    assert_eq!(play(&tasks(doubled.clone()), &json!(null), &[]).error(), ("value_too_large", 413));
    let guarded =
        json!([{"try": {"try": doubled, "catch": {"do": [{"told": {"set": {"why": "${ $error.title }"}}}]}}}]);
    assert_eq!(comes_to(guarded, json!(null)), json!({"why": "value_too_large"}));
    let loops = json!([{"each": {"for": {"in": "[range(0; 100001)]"}, "do": [{"a": {"set": {"z": 0}}}]}}]);
    assert_eq!(play(&tasks(loops), &json!(null), &[]).error(), ("too_many_items", 413));
    let odd = json!([{"each": {"for": {"in": ".n"}, "do": [{"a": {"set": {"z": 0}}}]}}]);
    assert_eq!(play(&tasks(odd), &json!({"n": 7}), &[]).error(), ("not_an_array", 400));
}
