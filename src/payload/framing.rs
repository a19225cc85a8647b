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
        if self.records == 0 {
            self.first_ms = at_ms;
        }
        let Self { bytes, body, .. } = self;
        body.clear();
        body.push(0);
        varint(at_ms - self.first_ms, body);
        varint(i64::from(self.records), body);
        match key {
            Some(key) => {
                varint(length(key.len()), body);
                body.extend_from_slice(key);
            }
            None => varint(-1, body),
        }
        let before = body.len();
        write(body);
        let value = body.len() - before;
        // The length stands before the value, and how long it is is known only after it.
        let mut length = [0; 10];
        let digits = encoded(self::length(value), &mut length);
        varint(self::length(body.len() + digits + 1), bytes);
        bytes.extend_from_slice(&body[..before]);
        bytes.extend_from_slice(&length[..digits]);
        bytes.extend_from_slice(&body[before..]);
        varint(0, bytes);
        self.records += 1;
    }
}

fn length(bytes: usize) -> i64 {
    i64::try_from(bytes).expect("a record fits into memory")
}

fn varint(value: i64, out: &mut Vec<u8>) {
    let mut digits = [0; 10];
    let n = encoded(value, &mut digits);
    out.extend_from_slice(&digits[..n]);
}

/// Zigzag, seven bits a byte, lowest first.
fn encoded(value: i64, out: &mut [u8; 10]) -> usize {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    let mut n = 0;
    while rest >= 0x80 {
        out[n] = rest as u8 | 0x80;
        rest >>= 7;
        n += 1;
    }
    out[n] = rest as u8;
    n + 1
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

/// The opposite of [`encoded`].
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
