//! Text to tree: YAML events become nodes with places, inside a budget that hostile files hit within milliseconds.
//!
//! A tree of our own rather than structs at once, because it lets every problem be found in one go, points each at its
//! line, and lets `--set` change what was written. Aliases are expanded, but what they expand to counts.
use super::node::{Entry, Kind, Node, Place};
use super::problem::Problem;
use serde_yaml::granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use std::collections::BTreeMap;

/// Bytes of a scenario at most.
pub const LARGEST_FILE: usize = 1 << 20;
/// Levels of nesting at most.
const DEEPEST: usize = 32;
/// Values at most, expanded aliases included.
const MOST_NODES: usize = 200_000;
/// Bytes of text that count like one more value, so that copies of a long text count too.
const BYTES_A_NODE: usize = 32;
/// Duplicate keys and tags reported at most.
const MOST_PROBLEMS: usize = 100;

/// Reads one YAML document.
///
/// # Errors
/// Where it is not YAML, uses what scenarios do not need (tags, merge keys, several documents), or exceeds the budget.
pub fn tree(text: &str) -> Result<Node, Vec<Problem>> {
    if text.len() > LARGEST_FILE {
        let message = format!("the file has {} bytes, {LARGEST_FILE} at most are read", text.len());
        return Err(vec![Problem::error(Place::default(), "", message, "put long data into files beside it")]);
    }
    let mut reader =
        Reader { parser: Parser::new_from_str(text), anchors: BTreeMap::new(), nodes: 0, problems: vec![] };
    let node = reader.document().map_err(|fatal| vec![*fatal]);
    match node {
        Ok(node) if reader.problems.is_empty() => Ok(node),
        Ok(_) => Err(reader.problems),
        Err(mut fatal) => {
            fatal.append(&mut reader.problems);
            Err(fatal)
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
    problems: Vec<Problem>,
}

type Fatal = Box<Problem>;

impl<'t> Reader<'t> {
    fn document(&mut self) -> Result<Node, Fatal> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(..) => {}
                Event::StreamEnd => return fatal(place(&span, 0), "the file is empty", "see `conga schema`"),
                event => {
                    let node = self.node(event, &span, 0)?;
                    return self.end().map(|()| node);
                }
            }
        }
    }

    fn end(&mut self) -> Result<(), Fatal> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentStart(..), span) => {
                    return fatal(place(&span, 3), "a second document begins here", "keep one document per file");
                }
                _ => {}
            }
        }
    }

    /// The next event that is not a comment.
    fn next(&mut self) -> Result<(Event<'t>, Span), Fatal> {
        loop {
            match self.parser.next_event() {
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok(pair)) => return Ok(pair),
                Some(Err(error)) => {
                    let mark = error.marker();
                    let at = Place { line: mark.line() as u32, column: mark.col() as u32 + 1, length: 1 };
                    if error.info().contains("recursion") {
                        return too_deep(at);
                    }
                    let message = format!("not valid YAML: {}", clean(&error.info()));
                    return fatal(at, message, "check indentation, quotes and brackets just before this place");
                }
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }

    fn node(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Result<Node, Fatal> {
        let at = place(span, 1);
        self.count(1, at)?;
        if depth > DEEPEST {
            return too_deep(at);
        }
        if event.tag().is_some_and(Tag::is_custom) {
            self.report(at, "tags such as `!name` mean nothing here", "remove the tag");
        }
        let before = self.nodes;
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                self.count(text.len() / BYTES_A_NODE, at)?;
                (scalar(&text, style, span), anchor)
            }
            Event::SequenceStart(_, anchor, _) => (Node { kind: self.list(depth)?, place: at }, anchor),
            Event::MappingStart(_, anchor, _) => (Node { kind: self.map(depth)?, place: at }, anchor),
            Event::Alias(anchor) => return self.alias(anchor, at),
            _ => return fatal(at, "not valid YAML: a value is missing here", "write a value"),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before + 1));
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, at: Place) -> Result<Node, Fatal> {
        let Some((_, size)) = self.anchors.get(&anchor) else {
            return fatal(at, "an alias inside its own anchor never ends", "write the value out");
        };
        self.count(*size, at)?;
        let (node, _) = &self.anchors[&anchor];
        Ok(Node { place: at, ..node.clone() })
    }

    fn list(&mut self, depth: usize) -> Result<Kind, Fatal> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Kind::List(items)),
                (event, span) => items.push(self.node(event, &span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Kind, Fatal> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut lines: BTreeMap<String, u32> = BTreeMap::new();
        loop {
            let (key, at) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Kind::Map(entries)),
                (Event::Scalar(text, ..), span) => (text.into_owned(), place(&span, 1)),
                (_, span) => {
                    return fatal(place(&span, 1), "a key must be a plain word", "write `key: value`");
                }
            };
            self.count(key.len() / BYTES_A_NODE, at)?;
            let (event, span) = self.next()?;
            let value = self.node(event, &span, depth + 1)?;
            if key == "<<" {
                self.report(at, "merge keys are not read", "write the keys out");
            } else if let Some(line) = lines.get(&key) {
                let message = format!("`{}` stands here twice, first on line {line}", clean(&key));
                self.report(at, message, "keep one of them");
            } else {
                lines.insert(key.clone(), at.line);
                entries.push(Entry { key, place: at, value });
            }
        }
    }

    fn count(&mut self, more: usize, at: Place) -> Result<(), Fatal> {
        self.nodes += more;
        if self.nodes <= MOST_NODES {
            return Ok(());
        }
        let message = format!("more than {MOST_NODES} values, aliases expanded");
        fatal(at, message, "no scenario needs that many; remove aliases or split the file")
    }

    fn report(&mut self, at: Place, message: impl Into<String>, remedy: &str) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem::error(at, "", message, remedy));
        }
    }
}

fn scalar(text: &str, style: ScalarStyle, span: &Span) -> Node {
    let plain = style == ScalarStyle::Plain;
    let kind = match text {
        "" | "~" | "null" | "Null" | "NULL" if plain => Kind::Null,
        _ => Kind::Scalar { text: text.to_owned(), plain },
    };
    Node { kind, place: place(span, 1) }
}

fn place(span: &Span, least: usize) -> Place {
    let length = if span.end.line() == span.start.line() { span.len() } else { 1 };
    Place { line: span.start.line() as u32, column: span.start.col() as u32 + 1, length: length.max(least) as u32 }
}

/// Text from a file, fit for a terminal.
pub fn clean(text: &str) -> String {
    let shown: String = text.chars().take(200).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
    if text.chars().nth(200).is_some() { format!("{shown}…") } else { shown }
}

fn too_deep<T>(at: Place) -> Result<T, Fatal> {
    fatal(at, format!("nested deeper than {DEEPEST} levels"), "no key of a scenario needs that many")
}

fn fatal<T>(at: Place, message: impl Into<String>, remedy: &str) -> Result<T, Fatal> {
    Err(Box::new(Problem::error(at, "", message, remedy)))
}
