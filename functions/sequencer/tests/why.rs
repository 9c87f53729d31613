//! Why something happened, back to the first cause: the letter of which nobody knows who let it out.
#![expect(clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use kernel::id::{Id, Role};
use ports::history::{Asked, Of, ReasonView, WhyView};
use serde_json::json;
use support::letters::{Letters, why};
use testkit::block_on;

fn names(view: &WhyView) -> Vec<&str> {
    view.reasons.iter().map(|reason| reason.event.as_str()).collect()
}

fn reason<'v>(view: &'v WhyView, event: &str) -> &'v ReasonView {
    view.reasons.iter().find(|reason| reason.event == event).unwrap_or_else(|| panic!("{event} in {:?}", names(view)))
}

/// The reason that stands at `pos`.
fn at(view: &WhyView, pos: u64) -> &ReasonView {
    view.reasons.iter().find(|reason| reason.pos == pos).unwrap_or_else(|| panic!("{pos} in {:?}", names(view)))
}

/// Types of what an event would not be without.
fn causes<'v>(view: &'v WhyView, of: &ReasonView) -> Vec<&'v str> {
    of.because.iter().map(|pos| at(view, *pos).event.as_str()).collect()
}

#[test]
fn a_letter_that_went_out_is_led_back_to_the_person_the_model_and_whoever_began() {
    block_on(async {
        let Letters { mut desk, rules, .. } = Letters::answered().await;
        // The second call of the model is the letter; it was settled by a report.
        let settled = desk.positions("call.settled").await;
        let mut letter = None;
        for pos in settled {
            let view = desk.asked::<WhyView>(Asked::Why(Of::Event(pos))).await.0.unwrap();
            if reason(&view, "call.settled").data.get("closing").is_some() {
                letter = Some(view);
            }
        }
        let view = letter.unwrap();
        let sent = &view.reasons[0];
        assert_eq!((sent.pos, sent.event.as_str()), (view.of, "call.settled"));
        assert!(sent.content["result"].as_ref().is_some_and(|text| text.contains("thanks")), "{sent:#?}");

        // It was the second attempt, because the first one failed.
        let attempt = at(&view, sent.because[0]);
        assert_eq!((attempt.event.as_str(), attempt.data["fence"].clone()), ("lease.granted", json!(2)));
        assert_eq!(causes(&view, attempt), ["effect.retried", "effect.requested", "egress.allowed"]);
        let failed = at(&view, attempt.because[0]);
        assert_eq!(failed.content["detail"].as_deref(), Some("nobody answered"));
        let first = at(&view, failed.because[0]);
        assert_eq!((first.event.as_str(), first.data["fence"].clone()), ("lease.granted", json!(1)));
        assert_eq!(*attempt.because.last().unwrap(), rules);

        // A person let it out, who was shown the very letter.
        let wanted = at(&view, attempt.because[1]);
        assert_eq!(causes(&view, wanted), ["approval.decided", "call.requested"]);
        let decided = reason(&view, "approval.decided");
        assert_eq!((decided.actor.as_str(), decided.data["decision"].clone()), ("owner", json!("approved")));
        assert_eq!(decided.content["reason"].as_deref(), Some("the order is on its way"));
        let asked = reason(&view, "approval.requested");
        assert!(asked.content["value"].as_ref().unwrap().contains("On its way."));
        assert_eq!(causes(&view, asked), ["call.requested"]);

        // The model asked for it, and it is said what the model was told.
        let call = at(&view, *asked.because.first().unwrap());
        assert_eq!(causes(&view, call), ["turn.answered"]);
        let turn = reason(&view, "turn.answered");
        let told = turn.told.as_ref().unwrap();
        assert_eq!((told.turn, told.messages), (1, 2));
        assert_eq!(told.last[1].text, "Where is my tent?");
        // Its first attempt was lost, and the second may have repeated it.
        let second = at(&view, turn.because[0]);
        assert_eq!(causes(&view, second), ["lease.lost", "step.requested"]);
        assert_eq!(second.data["in_doubt"], json!(true));

        // The workflow asked the agent, and somebody began the workflow.
        let step = reason(&view, "step.requested");
        assert_eq!(causes(&view, step), ["call.requested", "agent.defined"]);
        assert_eq!(reason(&view, "agent.defined").content["name"].as_deref(), Some("clerk"));
        let begun = reason(&view, "run.started");
        assert_eq!((begun.actor.as_str(), begun.scope.as_str()), ("owner", "tasks:write"));
        assert_eq!(causes(&view, begun), ["task.created", "workflow.defined"]);
        assert_eq!(view.left_out, 0);

        // What came of it: the model was told, answered, and the run came to its end.
        for name in ["turn.answered", "approval.decided"] {
            assert!(!view.came.events.contains_key(name), "{name} was before it");
        }
        for name in ["lease.granted", "step.settled", "document.written", "run.ended"] {
            assert_eq!(view.came.events.get(name), Some(&1), "{name} in {:?}", view.came.events);
        }
    });
}

#[test]
fn every_event_of_a_task_is_led_back_to_its_beginning_and_never_forward() {
    block_on(async {
        let Letters { mut desk, task, .. } = Letters::answered().await;
        let first = desk.positions("run.started").await[0];
        let (end, mut of_task) = (desk.sequencer.pos(), 0);
        for pos in first..=end {
            let view = desk.asked::<WhyView>(Asked::Why(Of::Event(pos))).await.0.unwrap();
            assert_eq!(view.of, pos);
            assert!(view.reasons.iter().all(|reason| reason.because.iter().all(|cause| *cause < reason.pos)), "{pos}");
            assert!(view.reasons.windows(2).all(|two| two[0].pos > two[1].pos), "newest first at {pos}");
            if view.task == Some(task) {
                of_task += 1;
                assert!(names(&view).contains(&"task.created"), "{pos}: {:?}", names(&view));
            }
        }
        assert!(of_task > 40, "{of_task}");
    });
}

#[test]
fn a_task_is_asked_about_by_its_id_and_so_is_whatever_belongs_to_it() {
    block_on(async {
        let Letters { mut desk, task, clerk, .. } = Letters::answered().await;
        let view = desk.asked::<WhyView>(why(task)).await.0.unwrap();
        assert_eq!((view.task, view.reasons[0].event.as_str()), (Some(task), "run.ended"));
        // The model's second answer was given knowing what the tools brought.
        let answered = reason(&view, "step.settled");
        assert_eq!(answered.told.as_ref().unwrap().turn, 2);
        assert!(answered.told.as_ref().unwrap().last.iter().any(|said| said.text.contains("a green tent")));
        let attempt = at(&view, answered.because[0]);
        let told: Vec<&str> = causes(&view, attempt);
        assert_eq!(told.iter().filter(|name| **name == "call.settled").count(), 2, "{told:?}");

        let approval = desk.sequencer.read(&ports::views::Query::Approvals(true)).await.unwrap().unwrap();
        let approval: Id = approval["approvals"][0]["id"].as_str().unwrap().parse().unwrap();
        let view = desk.asked::<WhyView>(why(approval)).await.0.unwrap();
        assert_eq!((view.task, view.reasons[0].event.as_str()), (Some(task), "approval.decided"));
        assert!(view.came.events.is_empty() || view.came.until >= view.of);

        // What belongs to no task is led back to the command that made it.
        let view = desk.asked::<WhyView>(why(clerk)).await.0.unwrap();
        assert_eq!((view.task, view.reasons[0].event.as_str()), (None, "agent.defined"));
        assert_eq!(view.reasons[0].actor, "owner");
    });
}

#[test]
fn a_question_without_a_workflow_is_led_back_to_whoever_asked_it() {
    block_on(async {
        let mut desk = support::Desk::new().await;
        let task = desk.ask("How many legs has a spider?").await;
        let open = desk.asked::<WhyView>(why(task)).await.0.unwrap();
        assert_eq!(open.reasons[0].event, "step.requested");
        let effect = desk.leased(60_000).await;
        desk.report(effect, 1, "Eight.").await;
        let view = desk.asked::<WhyView>(why(task)).await.0.unwrap();
        assert_eq!(
            names(&view),
            ["step.settled", "lease.granted", "step.requested", "task.created", "agent.defined"],
            "{view:#?}"
        );
        assert_eq!(view.reasons[0].content["text"].as_deref(), Some("Eight."));
        assert_eq!(effect.role, Role::Effect);
    });
}
