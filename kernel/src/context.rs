//! What a model is told: compiled from the log alone, under a budget, the same wherever it is compiled.
//!
//! Tokens are estimated as bytes over four, rounded up, because every vendor counts in another way and a budget must
//! not depend on one. When all does not fit, what is least missed goes first: the oldest questions and answers of the
//! conversation, then the long middles of the oldest tool results. Instructions, the question and the last exchange
//! stay whole.

/// Tokens of context when an agent does not say.
pub const TOKENS_USUALLY: u64 = 32_000;
/// Longest result of a tool that is told whole, in bytes.
const RESULT_MAX: usize = 64 * 1024;
/// What is left of a tool's result when room is scarce, in bytes.
const RESULT_SHORT: usize = 512;
/// Tokens that a message costs beside its text.
const PER_MESSAGE: u64 = 4;

/// All that could be told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conversation {
    /// What the agent is told first.
    pub instructions: Option<String>,
    /// Questions and answers before this one, oldest first.
    pub earlier: Vec<(String, Option<String>)>,
    /// The question.
    pub prompt: String,
    /// What the model said so far, and what came of it, oldest first.
    pub exchanges: Vec<Exchange>,
}

/// One answer of the model that was not the last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exchange {
    /// Its words.
    pub text: String,
    /// The tools it asked for.
    pub tools: Vec<ToolResult>,
    /// What it was told about its answer.
    pub remark: Option<String>,
}

/// A tool that was asked for, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolResult {
    /// The model's own name for the call.
    pub id: String,
    /// The capability.
    pub name: String,
    /// What it was given, JSON.
    pub arguments: String,
    /// What came of it.
    pub result: String,
}

/// A message to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Instructions.
    System(String),
    /// A question, or a remark.
    User(String),
    /// The model's own words, and the tools it asked for: id, name, arguments.
    Assistant(String, Vec<(String, String, String)>),
    /// What came of a tool: id, result.
    Tool(String, String),
}

impl Message {
    fn tokens(&self) -> u64 {
        let bytes = match self {
            Self::System(text) | Self::User(text) => text.len(),
            Self::Assistant(text, tools) => {
                text.len() + tools.iter().map(|(id, name, with)| id.len() + name.len() + with.len()).sum::<usize>()
            }
            Self::Tool(id, text) => id.len() + text.len(),
        };
        (bytes as u64).div_ceil(4) + PER_MESSAGE
    }
}

/// The messages that fit into `tokens`.
pub fn compile(conversation: &Conversation, tokens: u64) -> Vec<Message> {
    let head: Vec<Message> = conversation.instructions.iter().map(|text| Message::System(text.clone())).collect();
    let mut exchanges: Vec<Exchange> = conversation.exchanges.clone();
    for tool in exchanges.iter_mut().flat_map(|exchange| &mut exchange.tools) {
        tool.result = shortened(&tool.result, RESULT_MAX);
    }
    let fixed = estimate(&head) + Message::User(conversation.prompt.clone()).tokens();
    let mut left = tokens.saturating_sub(fixed);
    let older = exchanges.len().saturating_sub(1);
    for nth in 0..older {
        if exchanges.iter().map(|exchange| estimate(&told(exchange))).sum::<u64>() <= left {
            break;
        }
        for tool in exchanges.get_mut(nth).into_iter().flat_map(|exchange| &mut exchange.tools) {
            tool.result = shortened(&tool.result, RESULT_SHORT);
        }
    }
    let tail: Vec<Message> = exchanges.iter().flat_map(told).collect();
    left = left.saturating_sub(estimate(&tail));
    let mut earlier = Vec::new();
    for (question, answer) in conversation.earlier.iter().rev() {
        let mut pair = vec![Message::User(question.clone())];
        pair.extend(answer.iter().map(|answer| Message::Assistant(answer.clone(), Vec::new())));
        let cost = estimate(&pair);
        if cost > left {
            break;
        }
        left -= cost;
        earlier.push(pair);
    }
    let earlier = earlier.into_iter().rev().flatten();
    head.into_iter().chain(earlier).chain([Message::User(conversation.prompt.clone())]).chain(tail).collect()
}

/// Tokens of `messages`, as they are estimated.
pub fn estimate(messages: &[Message]) -> u64 {
    messages.iter().map(Message::tokens).sum()
}

fn told(exchange: &Exchange) -> Vec<Message> {
    let asked = exchange.tools.iter().map(|tool| (tool.id.clone(), tool.name.clone(), tool.arguments.clone()));
    let mut messages = vec![Message::Assistant(exchange.text.clone(), asked.collect())];
    messages.extend(exchange.tools.iter().map(|tool| Message::Tool(tool.id.clone(), tool.result.clone())));
    messages.extend(exchange.remark.iter().map(|remark| Message::User(remark.clone())));
    messages
}

/// Beginning and end of a text that is too long, with a word about what is missing in between.
fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let front: String = text.chars().scan(0, |bytes, c| within(bytes, c, most / 2)).collect();
    let back: Vec<char> = text.chars().rev().scan(0, |bytes, c| within(bytes, c, most / 2)).collect();
    let back: String = back.into_iter().rev().collect();
    let missing = text.len() - front.len() - back.len();
    format!("{front}\n[… {missing} bytes left out …]\n{back}")
}

fn within(bytes: &mut usize, c: char, most: usize) -> Option<char> {
    *bytes += c.len_utf8();
    (*bytes <= most).then_some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation() -> Conversation {
        Conversation {
            instructions: Some("Be brief.".to_owned()),
            earlier: (0..10).map(|nth| (format!("question {nth}"), Some(format!("answer {nth}")))).collect(),
            prompt: "the question".to_owned(),
            exchanges: (0..3)
                .map(|nth| Exchange {
                    text: String::new(),
                    tools: vec![ToolResult {
                        id: format!("call {nth}"),
                        name: "documents.read".to_owned(),
                        arguments: "{}".to_owned(),
                        result: "ä".repeat(2_000),
                    }],
                    remark: None,
                })
                .collect(),
        }
    }

    #[test]
    fn everything_is_told_when_it_fits() {
        let messages = compile(&conversation(), 100_000);
        assert_eq!(messages.len(), 1 + 20 + 1 + 6);
        assert_eq!(messages.first(), Some(&Message::System("Be brief.".to_owned())));
    }

    #[test]
    fn the_oldest_goes_first_and_the_question_stays() {
        let messages = compile(&conversation(), 1_400);
        assert!(messages.contains(&Message::User("the question".to_owned())));
        let whole = messages.iter().filter(|it| matches!(it, Message::Tool(_, text) if text.len() == 4_000)).count();
        assert_eq!(whole, 1, "of the tool results only the newest is whole");
        assert!(!messages.contains(&Message::User("question 0".to_owned())));
        assert!(estimate(&messages) <= 1_400);
    }

    #[test]
    fn a_conversation_is_compiled_to_the_same_every_time() {
        for tokens in [0, 10, 500, 1_300, 2_000, 5_000] {
            assert_eq!(compile(&conversation(), tokens), compile(&conversation(), tokens));
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        let short = shortened(&"ä".repeat(1_000), 101);
        assert!(short.contains("bytes left out") && short.starts_with('ä') && short.ends_with('ä'));
    }
}
