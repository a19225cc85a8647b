//! `--set PATH=VALUE`: changes the tree before it is checked, so that a wrong value is told like one in the file.
//!
//! It makes what is silent, but never a topic, producer or group that nobody wrote: that would be a typing error.
use super::node::{Entry, Kind, Node, Place};
use super::problem::Problem;
use super::{list, nearest, read};

/// Applies the `number`th `--set` of the command line, counted from 0.
pub fn apply(root: &mut Node, set: &str, number: usize) -> Result<(), Box<Problem>> {
    let place = Place { line: 0, column: number as u32 + 1, length: 0 };
    let fail = |message: String, remedy: String| Box::new(Problem::error(place, "", message, remedy));
    let Some((path, text)) = set.split_once('=') else {
        return Err(fail("has no `=`".to_owned(), "write `--set PATH=VALUE`, such as `--set run.seed=2`".to_owned()));
    };
    let parts: Vec<&str> = path.trim().split('.').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(fail(
            format!("`{}` is not a path", read::clean(path)),
            "write keys with dots between, such as `groups.workers.members`".to_owned(),
        ));
    }
    let mut value = value_of(text, place)?;
    mark(&mut value, place);
    let target = parts.iter().enumerate().try_fold(root, |node, (i, part)| step(node, &parts[..i], part, place))?;
    *target = value;
    Ok(())
}

fn value_of(text: &str, place: Place) -> Result<Node, Box<Problem>> {
    if text.trim().is_empty() {
        return Ok(Node { kind: Kind::Null, place });
    }
    read::tree(text).map_err(|problems| {
        let first = problems.into_iter().next();
        let message = first.map_or_else(|| "not valid YAML".to_owned(), |problem| problem.message);
        Box::new(Problem::error(place, "", message, "quote the value, or write it as YAML"))
    })
}

fn mark(node: &mut Node, place: Place) {
    node.place = place;
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|item| mark(item, place)),
        Kind::Map(entries) => entries.iter_mut().for_each(|entry| {
            entry.place = place;
            mark(&mut entry.value, place);
        }),
        Kind::Null | Kind::Scalar { .. } => {}
    }
}

/// One step down the path, making what is silent, but never a topic, producer or group that nobody wrote.
fn step<'n>(node: &'n mut Node, above: &[&str], part: &str, place: Place) -> Result<&'n mut Node, Box<Problem>> {
    let fail = |message: String, remedy: String| Err(Box::new(Problem::error(place, "", message, remedy)));
    if matches!(node.kind, Kind::Null) {
        node.kind = Kind::Map(Vec::new());
    }
    let path = above.join(".");
    match &mut node.kind {
        Kind::List(items) => {
            let count = items.len();
            match part.parse::<usize>().ok().and_then(|i| items.get_mut(i)) {
                Some(item) => Ok(item),
                None => {
                    fail(format!("`{path}` has no item `{part}`"), format!("its items are 0 to {}", count.max(1) - 1))
                }
            }
        }
        Kind::Map(entries) => {
            let names = matches!(above, ["topics" | "producers" | "groups"]);
            match entries.iter().position(|entry| entry.key == part) {
                Some(i) => Ok(&mut entries[i].value),
                None if names => {
                    let known: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
                    let remedy = match nearest(part, known.iter().copied()) {
                        Some(name) => format!("did you mean `{name}`?"),
                        None => format!("there are {}", list(known.iter().copied())),
                    };
                    fail(format!("`{path}` has no `{part}`"), remedy)
                }
                None => {
                    let value = Node { kind: Kind::Null, place };
                    entries.push(Entry { key: part.to_owned(), place, value });
                    let last = entries.len() - 1;
                    Ok(&mut entries[last].value)
                }
            }
        }
        Kind::Null | Kind::Scalar { .. } => fail(
            format!("`{path}` is one value, it has no `{part}`"),
            format!("set all of it: `--set '{path}={{{part}: …}}'`"),
        ),
    }
}
