//! A heap of 16-byte keys with four children a node: half the levels of a binary heap, and siblings in one cache line.
//!
//! Groups of siblings are padded so that the least of four is found without asking how many there are. A removed root
//! leaves a gap which the next push fills on its way down: an event usually asks for another one.

/// Least first.
#[derive(Debug)]
pub struct Heap {
    /// The root at `ROOT`, the children of `i` from `4 * (i - 2)` on; places without a key hold `NOTHING`.
    keys: Vec<u128>,
    /// Place after the last key.
    end: usize,
    /// The root has been removed and not filled again.
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
    pub fn least(&mut self) -> Option<u128> {
        if self.gap {
            self.gap = false;
            self.end -= 1;
            let last = std::mem::replace(&mut self.keys[self.end], NOTHING);
            if self.end > ROOT {
                self.sink(last);
            }
        }
        (self.end > ROOT).then(|| self.keys[ROOT])
    }

    /// Removes the least key, which was asked for just now.
    #[inline]
    pub fn remove_least(&mut self) {
        self.gap = true;
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
