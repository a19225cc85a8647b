//! Numbers of marks: those that would lie over each other are told together, as `2–4`.
//!
//! From left to right; joining two makes a longer text, which may have to join the one before.

/// Pixels between two numbers at least.
const APART: i32 = 4;

/// A number, or several together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Number {
    /// What is written.
    pub text: String,
    /// Its middle along the horizontal axis.
    pub at: f64,
}

/// Marks told together: their numbers, and where the first and the last stand.
#[derive(Clone, Copy)]
struct Cluster {
    numbers: (usize, usize),
    from: f64,
    to: f64,
}

impl Cluster {
    fn text(&self) -> String {
        match self.numbers {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}–{last}"),
        }
    }

    fn middle(&self) -> f64 {
        f64::midpoint(self.from, self.to)
    }
}

/// What to write where, for marks in the order of time.
pub(super) fn numbers(marks: &[f64], pixel: impl Fn(f64) -> i32, width: impl Fn(usize) -> i32) -> Vec<Number> {
    let edges = |one: &Cluster| {
        let (middle, half) = (pixel(one.middle()), width(one.text().chars().count()) / 2 + 1);
        (middle - half, middle + half)
    };
    let mut all: Vec<Cluster> = Vec::new();
    for (number, &at) in (1..).zip(marks) {
        let mut new = Cluster { numbers: (number, number), from: at, to: at };
        while let Some(before) = all.pop_if(|before| edges(before).1 + APART > edges(&new).0) {
            new = Cluster { numbers: (before.numbers.0, new.numbers.1), from: before.from, to: new.to };
        }
        all.push(new);
    }
    all.iter().map(|one| Number { text: one.text(), at: one.middle() }).collect()
}
