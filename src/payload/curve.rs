//! How much smaller batches become, by how many records they have: measured on real batches, once.
//!
//! A batch of one record has little to repeat, one of a hundred similar ones has much: the ratio is no constant of the
//! data. It falls smoothly with the number of records, so a few knots and straight lines between them, over the logarithm
//! of the number, are enough.
use super::framing::{Framing, HEADER};
use super::{Codec, Press};

/// Records measured at a knot, if its batches are small.
const RECORDS: u32 = 1_500;
/// Batches measured at a knot, at least: some differ from others.
const BATCHES: u32 = 8;
/// Records of the largest batch that is measured.
const MOST_RECORDS: u32 = 1 << 16;
/// Bytes of records of the largest batch that is measured: windows of codecs are full long before.
const MOST_BYTES: usize = 512 << 10;

/// Bytes after over bytes before compression of the records of a batch, by their number: ascending, never empty.
pub type Knots = Vec<(u32, f64)>;

/// Measures as far as `batch.size` goes. `fill` makes batch number `i` of so many records.
pub fn measure(codec: Codec, batch_size: u32, mut fill: impl FnMut(u64, u32, &mut Framing)) -> Knots {
    let mut press = Press::new(codec);
    let (mut framing, mut small) = (Framing::default(), Vec::new());
    let (mut knots, mut batch, mut records) = (Vec::new(), 0, 1);
    loop {
        let (mut before, mut after, mut done) = (0, 0, 0);
        // Many small batches, a few large ones.
        while done < BATCHES.max(RECORDS / records) && (done < 2 || before < 4 * MOST_BYTES) {
            framing.clear();
            fill(batch, records, &mut framing);
            press.compress(&framing.bytes, &mut small);
            before += framing.bytes.len();
            after += small.len();
            batch += 1;
            done += 1;
        }
        if before == 0 {
            // Nobody has anything to say.
            return vec![(1, 1.0)];
        }
        knots.push((records, after as f64 / before as f64));
        let is_full = after as f64 / f64::from(done) + f64::from(HEADER) > 1.25 * f64::from(batch_size);
        if is_full || records >= MOST_RECORDS || before / done as usize > MOST_BYTES {
            return knots;
        }
        records += records.div_ceil(3);
    }
}
