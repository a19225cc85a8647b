//! Fetches a page of metrics over a real socket, and reads it as strictly as the format is written.
//!
//! <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>: families one after the other,
//! their type before their samples, endings by type, each sample once, buckets that only grow, and `# EOF` at the end.
use conga::cli::metrics::TYPE;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;

/// A sample.
#[derive(Clone, Debug)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// A family.
#[derive(Clone, Debug, Default)]
pub struct Family {
    pub kind: String,
    pub samples: Vec<Sample>,
}

/// A page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub families: BTreeMap<String, Family>,
}

/// Sends this and returns status, head and body; a connection that is cut has status 0.
pub fn get(place: &str, request: &str) -> (u16, String, String) {
    let mut text = Vec::new();
    if let Ok(mut stream) = TcpStream::connect(place) {
        // Whoever is refused may be cut off while it writes, or before it has read.
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.read_to_end(&mut text);
    }
    let text = String::from_utf8(text).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, head.to_lowercase(), body.to_owned())
}

/// The page; nothing where nobody answers any more.
pub fn fetch(place: &str) -> Option<Page> {
    let (status, head, body) = get(place, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // Whoever ends while he answers leaves half an answer.
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    if status == 0 || length != Some(body.len()) {
        return None;
    }
    assert_eq!(status, 200, "{head}");
    assert!(head.contains(&format!("content-type: {TYPE}")), "{head}");
    assert!(TYPE.starts_with("application/openmetrics-text; version=1.0.0"));
    Some(Page::read(&body).unwrap_or_else(|why| panic!("{why}\n{body}")))
}

impl Page {
    /// Reads a page.
    pub fn read(text: &str) -> Result<Self, String> {
        let body = text.strip_suffix("# EOF\n").ok_or("it does not end with `# EOF`")?;
        let mut page = Self::default();
        let mut present: Option<String> = None;
        for line in body.lines() {
            if let Some(told) = line.strip_prefix("# ") {
                let mut words = told.splitn(3, ' ');
                let (what, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                match what {
                    "HELP" | "UNIT" => {}
                    "TYPE" => {
                        let kind = words.next().ok_or("a type is missing")?;
                        let family = Family { kind: kind.to_owned(), samples: Vec::new() };
                        if page.families.insert(name.to_owned(), family).is_some() {
                            return Err(format!("family {name} comes twice"));
                        }
                        present = Some(name.to_owned());
                    }
                    _ => return Err(format!("not a comment that is known: {line}")),
                }
                continue;
            }
            let sample = sample(line).ok_or_else(|| format!("not a sample: {line:?}"))?;
            let name = present.as_ref().ok_or_else(|| format!("before any family: {line}"))?;
            let family = page.families.get_mut(name).expect("it was put there");
            let ending = sample.name.strip_prefix(name.as_str()).ok_or_else(|| format!("not of {name}: {line}"))?;
            let endings: &[&str] = match family.kind.as_str() {
                "counter" => &["_total"],
                "gauge" => &[""],
                "info" => &["_info"],
                "histogram" => &["_bucket", "_count", "_sum"],
                other => return Err(format!("type {other} is not known")),
            };
            if !endings.contains(&ending) {
                return Err(format!("{} does not end as a {} does", sample.name, family.kind));
            }
            family.samples.push(sample);
        }
        page.families.iter().try_for_each(|(name, family)| family.check(name))?;
        Ok(page)
    }

    /// Samples of this name with these labels, and perhaps others.
    fn all<'p>(&'p self, name: &'p str, labels: &'p [(&str, &str)]) -> impl Iterator<Item = &'p Sample> {
        let samples = self.families.values().flat_map(|family| &family.samples).filter(move |one| one.name == name);
        samples
            .filter(move |one| labels.iter().all(|(label, value)| one.labels.get(*label).is_some_and(|l| l == value)))
    }

    /// The one sample of this name with these labels, if it is there.
    pub fn find(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let found: Vec<&Sample> = self.all(name, labels).collect();
        assert!(found.len() <= 1, "{name} {labels:?}: {found:?}");
        found.first().map(|sample| sample.value)
    }

    /// The one sample of this name with these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.find(name, labels).unwrap_or_else(|| panic!("no {name} with {labels:?}"))
    }

    /// All samples of this name with these labels, together.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.all(name, labels).map(|sample| sample.value).sum()
    }
}

impl Family {
    #[expect(clippy::float_cmp, reason = "counts: whole numbers below 2^53, which add up exactly")]
    fn check(&self, name: &str) -> Result<(), String> {
        let mut known = BTreeSet::new();
        // By what is measured, without the bound: the last bucket.
        let mut last: BTreeMap<Vec<(&String, &String)>, (f64, f64)> = BTreeMap::new();
        for sample in &self.samples {
            if !known.insert((&sample.name, &sample.labels)) {
                return Err(format!("{} {:?} comes twice", sample.name, sample.labels));
            }
            let whose: Vec<_> = sample.labels.iter().filter(|(label, _)| *label != "le").collect();
            if sample.name.ends_with("_bucket") && self.kind == "histogram" {
                let bound: f64 = sample.labels.get("le").and_then(|le| le.parse().ok()).ok_or("a bucket without le")?;
                let before = last.insert(whose, (bound, sample.value));
                if before.is_some_and(|(lower, fewer)| lower >= bound || fewer > sample.value) {
                    return Err(format!("{name}: buckets grow"));
                }
            }
        }
        if self.kind == "histogram" {
            for sample in self.samples.iter().filter(|sample| sample.name.ends_with("_count")) {
                let whose: Vec<_> = sample.labels.iter().collect();
                if last.get(&whose).is_none_or(|&(bound, all)| bound.is_finite() || all != sample.value) {
                    return Err(format!("{name}: the last bucket holds all"));
                }
            }
        }
        Ok(())
    }
}

/// `name{label="value",…} number`.
fn sample(line: &str) -> Option<Sample> {
    let (what, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let mut labels = BTreeMap::new();
    let Some((name, rest)) = what.split_once('{') else {
        let plain = !what.is_empty() && what.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        return plain.then(|| Sample { name: what.to_owned(), labels, value });
    };
    // No name in these tests has a comma or a quote in it.
    for label in rest.strip_suffix('}')?.split(',') {
        let (label, value) = label.split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        labels.insert(label.to_owned(), value.to_owned()).is_none().then_some(())?;
    }
    Some(Sample { name: name.to_owned(), labels, value })
}
