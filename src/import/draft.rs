//! A scenario as it is put together, and how it is written: commented YAML, as a person would.
//!
//! It is text from the beginning: what an importer knows is how a key is written, and the scenario's reader checks it.
use std::fmt::Write as _;

/// A key of the file that is imported, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// As the tool calls it.
    pub key: String,
    /// Why it has no counterpart, or what is assumed.
    pub why: String,
}

/// A key of a scenario and its value as YAML.
pub type Line = (&'static str, String);

/// Producers or a group, on one topic.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its name.
    pub name: String,
    /// Its topic.
    pub topic: String,
    /// Its settings.
    pub lines: Vec<Line>,
}

/// A scenario.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// What it was made from.
    pub from: String,
    /// What it says of itself.
    pub description: String,
    /// Names, partitions, replicas.
    pub topics: Vec<(String, u32, u32)>,
    /// Brokers.
    pub brokers: u32,
    /// Who sends.
    pub producers: Vec<Client>,
    /// Who reads.
    pub groups: Vec<Client>,
    /// How long it runs.
    pub run: Vec<Line>,
    /// Files beside it: what they are called after its own name, and their text.
    pub beside: Vec<(&'static str, String)>,
    /// Keys without a counterpart, with reasons.
    pub lost: Vec<Told>,
    /// What was assumed, for what reason.
    pub assumed: Vec<Told>,
}

impl Draft {
    /// A key that has no counterpart.
    pub fn loses(&mut self, key: impl Into<String>, why: impl Into<String>) {
        self.lost.push(Told { key: key.into(), why: why.into() });
    }

    /// What nobody said.
    pub fn assumes(&mut self, key: impl Into<String>, why: impl Into<String>) {
        self.assumed.push(Told { key: key.into(), why: why.into() });
    }

    /// The scenario as YAML; files beside it are called `stem` and their ending.
    #[must_use]
    pub fn yaml(&self, stem: &str) -> String {
        let mut out = String::new();
        for line in format!("Made from {}.", self.from).lines() {
            let _ = writeln!(out, "# {line}");
        }
        comments("Assumed, for it does not say:", &self.assumed, &mut out);
        comments("Without a counterpart here:", &self.lost, &mut out);
        let _ = writeln!(out, "description: {}\ntopics:", quoted(&self.description));
        for (name, partitions, replicas) in &self.topics {
            let _ = writeln!(out, "  {name}: {{partitions: {partitions}, replicas: {replicas}}}");
        }
        let _ = writeln!(out, "cluster: {{brokers: {}}}\nproducers:", self.brokers);
        let file =
            |ending: &str| self.beside.iter().any(|(name, _)| *name == ending).then(|| format!("{stem}.{ending}"));
        for producer in &self.producers {
            let topic = ("topic", producer.topic.clone());
            clients(producer, topic, file("producer.properties"), &mut out);
        }
        if !self.groups.is_empty() {
            out.push_str("groups:\n");
        }
        for group in &self.groups {
            let topics = ("topics", format!("[{}]", group.topic));
            clients(group, topics, file("consumer.properties"), &mut out);
        }
        let run: Vec<String> = self.run.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let _ = writeln!(out, "run: {{{}}}", run.join(", "));
        out
    }
}

fn comments(head: &str, told: &[Told], out: &mut String) {
    if told.is_empty() {
        return;
    }
    let _ = writeln!(out, "# {head}");
    for Told { key, why } in told {
        let _ = writeln!(out, "#   {}: {}", one_line(key), one_line(why));
    }
}

fn clients(client: &Client, topic: Line, properties: Option<String>, out: &mut String) {
    let _ = writeln!(out, "  {}:", client.name);
    let file = properties.map(|file| ("kafka_properties", quoted(&file)));
    for (key, value) in [topic].iter().chain(&client.lines).chain(&file) {
        let _ = writeln!(out, "    {key}: {value}");
    }
}

/// A text that can end no comment.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A text as YAML, which understands JSON's.
#[must_use]
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is plain data")
}

/// A part of a name of a topic: what may not stand in one becomes a dash.
#[must_use]
pub fn name(text: &str) -> String {
    let kept = text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' });
    let kept: String = kept.take(48).collect();
    if kept.is_empty() { "topic".to_owned() } else { kept }
}
