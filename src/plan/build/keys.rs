//! Keys get numbers over the whole plan, so that the order within a key can be checked by number.
//!
//! Producers with the same salt write the same keys and share numbers; everybody else's are apart.
use super::findings::Findings;
use crate::model::workload::{KeyLaw, Keys};
use crate::scenario::schema::{self, Key};
use crate::scenario::values::Words;
use std::collections::BTreeMap;

/// Hands out number ranges.
#[derive(Default)]
pub struct Numbers {
    /// How many keys each salt has at most.
    salts: BTreeMap<String, u64>,
}

/// The keys of a producer, still without their base.
pub fn keys(key: Option<&Key>) -> Keys {
    let Some(Key::Numbered(law)) = key else { return Keys::None };
    let (count, salt, law) = match law {
        schema::KeyLaw::Uniform { keys, salt } => (keys, salt, KeyLaw::Uniform),
        schema::KeyLaw::Zipf { keys, exponent, salt } => (keys, salt, KeyLaw::Zipf { exponent: exponent.0 }),
        schema::KeyLaw::Hot { share, keys, salt } => (keys, salt, KeyLaw::Hot { share: share.0 }),
    };
    let salt = salt.as_ref().map_or_else(String::new, |Words(text)| text.clone());
    Keys::Numbered { salt, count: count.0 as u32, law, base: 0 }
}

/// Gives every producer's keys their numbers.
pub fn number<'k>(all: impl Iterator<Item = &'k mut Keys>, found: &mut Findings<'_>) {
    let mut all: Vec<&mut Keys> = all.collect();
    let mut numbers = Numbers::default();
    for keys in &all {
        if let Keys::Numbered { salt, count, .. } = &**keys {
            let most = numbers.salts.entry(salt.clone()).or_default();
            *most = (*most).max(u64::from(*count));
        }
    }
    let mut next = 0;
    let mut bases = BTreeMap::new();
    for keys in &mut all {
        match &mut **keys {
            Keys::None => {}
            Keys::Numbered { salt, base, .. } => {
                let first = *bases.entry(salt.clone()).or_insert_with(|| {
                    let first = next;
                    next += numbers.salts.get(salt).copied().unwrap_or_default();
                    first
                });
                *base = first as u32;
            }
            Keys::Listed { texts, base } => {
                *base = next as u32;
                next += texts.len() as u64;
            }
        }
    }
    if next >= u64::from(u32::MAX) {
        let message = format!("{next} different keys in all");
        found.error("producers", message, "2^32 - 2 at most are told apart: use fewer keys, or one `salt` for several");
    }
}
