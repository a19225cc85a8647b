//! A heap of 16-byte keys with four children a node: half the levels of a binary heap, and siblings in one cache line.
//!
//! Groups of siblings are padded so that the least of four is found without asking how many there are. A popped root
//! leaves a gap which the next push fills on its way down: an event usually asks for another one.

/// Least first.
#[derive(Debug)]
pub struct Heap {
    /// The root at `ROOT`, the children of `i` from `4 * (i - 2)` on; places without a key hold `NOTHING`.
    keys: Vec<u128>,
    /// Place after the last key.
    end: usize,
    /// The root has been popped and not filled again.
    gap: bool,
}

const ROOT: usize = 3;
const NOTHING: u128 = u128::MAX;

impl Default for Heap {
    fn default() -> Self {
        Self { keys: vec![NOTHING; 8], end: ROOT, gap: false }
    }
}

impl Heap {
    /// Adds a key.
    #[inline]
    pub fn push(&mut self, key: u128) {
        if self.gap {
            self.gap = false;
            self.sink(key);
            return;
        }
        if self.end == self.keys.len() {
            self.keys.extend([NOTHING; 4]);
        }
        let mut hole = self.end;
        self.end += 1;
        while hole > ROOT {
            let parent = hole / 4 + 2;
            if self.keys[parent] < key {
                break;
            }
            self.keys[hole] = self.keys[parent];
            hole = parent;
        }
        self.keys[hole] = key;
    }

    /// The least key.
    #[inline]
    #[must_use]
    pub fn peek(&self) -> Option<u128> {
        if !self.gap {
            return (self.end > ROOT).then(|| self.keys[ROOT]);
        }
        // The children of the gap; there may be none.
        let children = self.keys.get(4..8)?;
        let least = children.iter().copied().fold(NOTHING, u128::min);
        (least != NOTHING).then_some(least)
    }

    /// Removes the least key.
    #[inline]
    pub fn pop(&mut self) -> Option<u128> {
        if self.gap {
            self.end -= 1;
            let last = std::mem::replace(&mut self.keys[self.end], NOTHING);
            self.gap = false;
            if self.end > ROOT {
                self.sink(last);
            }
        }
        if self.end == ROOT {
            return None;
        }
        self.gap = true;
        Some(self.keys[ROOT])
    }

    /// Puts a key where the root was, and moves it down to its place.
    #[inline]
    fn sink(&mut self, key: u128) {
        let mut hole = ROOT;
        loop {
            let first = 4 * (hole - 2);
            let Some(group) = self.keys.get(first..first + 4) else { break };
            let left = usize::from(group[1] < group[0]);
            let right = 2 + usize::from(group[3] < group[2]);
            let least = if group[right] < group[left] { right } else { left };
            let child = group[least];
            if key < child {
                break;
            }
            self.keys[hole] = child;
            hole = first + least;
        }
        self.keys[hole] = key;
    }
}
