//! The records of a batch as Kafka frames them, format v2: the part of a batch that is compressed.
//!
//! A record is a varint length and a body of attributes, deltas of timestamp and offset to the first record, key, value
//! and the number of its headers, which is zero. Source: the message format in Kafka's documentation.

/// Bytes of a batch before its records, which are never compressed.
pub const HEADER: u32 = 61;

/// Gathers records as a batch does.
#[derive(Clone, Debug, Default)]
pub struct Framing {
    /// The records so far.
    pub bytes: Vec<u8>,
    records: u32,
    first_ms: i64,
    body: Vec<u8>,
}

impl Framing {
    /// Forgets all records, keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.records = 0;
    }

    /// How many records there are.
    #[must_use]
    pub fn records(&self) -> u32 {
        self.records
    }

    /// Adds a record, made at `at_ms`, whose value `write` appends.
    pub fn push(&mut self, at_ms: i64, key: Option<&[u8]>, write: impl FnOnce(&mut Vec<u8>)) {
        // The length stands before the value, and how long it is is known only after it.
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        write(&mut body);
        self.push_value(at_ms, key, &body);
        self.body = body;
    }

    /// Adds a record, made at `at_ms`, with this value.
    pub fn push_value(&mut self, at_ms: i64, key: Option<&[u8]>, value: &[u8]) {
        if self.records == 0 {
            self.first_ms = at_ms;
        }
        let mut before = Head::default();
        before.byte(0);
        before.varint(at_ms - self.first_ms);
        before.varint(i64::from(self.records));
        before.varint(key.map_or(-1, |key| length(key.len())));
        let mut between = Head::default();
        between.varint(length(value.len()));
        let mut all = Head::default();
        all.varint(length(before.len + key.map_or(0, <[u8]>::len) + between.len + value.len() + 1));
        all.add(&mut self.bytes);
        before.add(&mut self.bytes);
        if let Some(key) = key {
            self.bytes.extend_from_slice(key);
        }
        between.add(&mut self.bytes);
        self.bytes.extend_from_slice(value);
        self.bytes.push(0);
        self.records += 1;
    }
}

/// A few numbers: copied as a whole, for a copy of so few bytes costs more to call than to make.
#[derive(Default)]
struct Head {
    /// One byte and three numbers at most.
    bytes: [u8; 32],
    len: usize,
}

impl Head {
    fn byte(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    /// Zigzag, seven bits a byte, lowest first: ten bytes at most.
    fn varint(&mut self, value: i64) {
        let mut rest = ((value << 1) ^ (value >> 63)) as u64;
        while rest >= 0x80 {
            self.byte(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.byte(rest as u8);
    }

    fn add(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.len;
        out.extend_from_slice(&self.bytes);
        out.truncate(end);
    }
}

fn length(bytes: usize) -> i64 {
    i64::try_from(bytes).expect("a record fits into memory")
}

/// Key and value of each record that [`Framing`] gathered, in order; `None` where the bytes are not records.
#[derive(Clone, Debug)]
pub struct Records<'a>(pub &'a [u8]);

/// A record's key, if it has one, and its value.
pub type Fields<'a> = (Option<&'a [u8]>, &'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = Option<Fields<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let record = read(&mut self.0);
        if record.is_none() {
            // What follows damage has no meaning.
            self.0 = &[];
        }
        Some(record)
    }
}

fn read<'a>(rest: &mut &'a [u8]) -> Option<Fields<'a>> {
    let length = usize::try_from(decoded(rest)?).ok()?;
    let (mut body, after) = rest.split_at_checked(length)?;
    *rest = after;
    body = body.split_first()?.1;
    let (_timestamp, _offset) = (decoded(&mut body)?, decoded(&mut body)?);
    let key = match usize::try_from(decoded(&mut body)?) {
        Ok(length) => Some(take(&mut body, length)?),
        Err(_) => None,
    };
    let length = usize::try_from(decoded(&mut body)?).ok()?;
    let value = take(&mut body, length)?;
    (decoded(&mut body)? == 0 && body.is_empty()).then_some((key, value))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

/// The opposite of [`Head::varint`].
fn decoded(rest: &mut &[u8]) -> Option<i64> {
    let (mut value, mut shift) = (0_u64, 0);
    loop {
        let (&digit, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(digit & 0x7F) << shift;
        if digit < 0x80 {
            return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
        shift += 7;
        if shift > 63 {
            return None;
        }
    }
}
