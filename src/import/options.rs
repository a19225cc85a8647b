//! Options on another tool's command line, by its own table: long and short names, and what follows each.
//!
//! Those tools have their own rules (short names of several letters, options with any number of values), so clap, which
//! reads conga's own command line, cannot read theirs.
use crate::scenario::nearest;
use std::collections::BTreeMap;

/// What follows an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// A value.
    One,
    /// All that follows, up to the next option.
    All,
}

/// An option: long name, short names, what follows, and why it has no counterpart if that is so.
pub type Known = (&'static str, &'static str, Takes, Option<&'static str>);

/// The options that were given, by long name, each with all its values.
#[derive(Clone, Debug, Default)]
pub struct Given {
    found: BTreeMap<&'static str, Vec<String>>,
}

impl Given {
    /// Reads a command line.
    ///
    /// # Errors
    /// An option the tool does not have, or one without its value.
    pub fn read(tool: &str, known: &'static [Known], args: &[String]) -> Result<Self, String> {
        let mut given = Self::default();
        let mut rest = args.iter().peekable();
        while let Some(arg) = rest.next() {
            let (name, inline) = match arg.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (arg.as_str(), None),
            };
            let (long, _, takes, _) = find(known, name).ok_or_else(|| unknown(tool, known, arg))?;
            let values = given.found.entry(long).or_default();
            let before = values.len();
            match (takes, inline) {
                (Takes::Nothing, None) => values.push(String::new()),
                (Takes::Nothing, Some(_)) => return Err(format!("{name} of {tool} takes no value")),
                (_, Some(value)) => values.push(value),
                (Takes::One, None) => values.extend(rest.next().cloned()),
                (Takes::All, None) => {
                    while let Some(value) = rest.next_if(|next| !next.starts_with("--")) {
                        values.push(value.clone());
                    }
                }
            }
            if values.len() == before {
                return Err(format!("{name} of {tool} wants a value"));
            }
        }
        Ok(given)
    }

    /// The last value of an option: as the tools do, a later one goes before an earlier.
    #[must_use]
    pub fn one(&self, long: &str) -> Option<&str> {
        self.found.get(long)?.last().map(String::as_str)
    }

    /// All its values.
    #[must_use]
    pub fn all(&self, long: &str) -> &[String] {
        self.found.get(long).map_or(&[], Vec::as_slice)
    }

    /// Whether it was given.
    #[must_use]
    pub fn has(&self, long: &str) -> bool {
        self.found.contains_key(long)
    }

    /// A number, if the option was given.
    ///
    /// # Errors
    /// When it is none, or less than `least`.
    pub fn number(&self, long: &str, least: f64) -> Result<Option<f64>, String> {
        let Some(text) = self.one(long) else { return Ok(None) };
        number(long, text, least).map(Some)
    }

    /// A whole number, if the option was given.
    ///
    /// # Errors
    /// When it is none, less than 1, or too large.
    pub fn count(&self, long: &str) -> Result<Option<u32>, String> {
        let Some(text) = self.one(long) else { return Ok(None) };
        let count = text.trim().parse::<u32>().ok().filter(|count| *count >= 1);
        count.map(Some).ok_or_else(|| format!("--{long} wants a whole number of at least 1: `{text}`"))
    }

    /// Every option that was given and has no counterpart, with the reason.
    pub fn lost(&self, known: &'static [Known]) -> impl Iterator<Item = (String, &'static str)> {
        let lost = known.iter().filter(|(long, ..)| self.found.contains_key(long));
        lost.filter_map(|(long, _, _, why)| why.map(|why| (format!("--{long}"), why)))
    }
}

/// A number of at least so much.
///
/// # Errors
/// When it is none.
pub fn number(name: &str, text: &str, least: f64) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= least);
    number.ok_or_else(|| format!("--{name} wants a number of at least {least}: `{text}`"))
}

fn find(known: &'static [Known], name: &str) -> Option<Known> {
    let short = |shorts: &str| shorts.split(' ').any(|one| name.strip_prefix('-') == Some(one));
    known.iter().find(|(long, shorts, ..)| name.strip_prefix("--") == Some(long) || short(shorts)).copied()
}

fn unknown(tool: &str, known: &'static [Known], arg: &str) -> String {
    let near = nearest(arg.trim_start_matches('-'), known.iter().map(|(long, ..)| *long));
    let remedy = near.map_or_else(String::new, |near| format!("; did you mean `--{near}`?"));
    format!("`{arg}` is no option of {tool}{remedy}")
}
