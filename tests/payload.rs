//! Real bytes: messages are what they should be and always the same, framing has Kafka's sizes, codecs round-trip.
use conga::model::wire;
use conga::payload::framing::Framing;
use conga::payload::{Codec, Generator, Lines, Maker, Messages, NoLines, Press, Template};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600_000_000_000;

fn message(messages: &Messages, index: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    messages.write(index, NOW.saturating_add_unsigned(index * 1_000_000), 100, &mut bytes);
    bytes
}

fn makers() -> Vec<Maker> {
    let template =
        json!({"id": "{index}", "at": "{now}", "user": "u-{int:1..500}", "trace": "{uuid}", "text": "{word}"});
    let rows: Arc<[u8]> = Arc::from(&b"one\r\ntwo\n\nthree"[..]);
    let mut makers = vec![
        Maker::Filler,
        Maker::Json(Template::of(&template).expect("a good template")),
        Maker::Lines(Lines::of(&rows).expect("rows")),
    ];
    makers.extend(Generator::ALL.map(Maker::Generated));
    makers
}

/// Records of one batch, one millisecond apart.
fn batch(messages: &Messages, first: u64, records: u64) -> Vec<u8> {
    let mut framing = Framing::default();
    for index in first..first + records {
        let at = NOW.saturating_add_unsigned(index * 1_000_000);
        framing.push(at / 1_000_000, None, |out| messages.write(index, at, 100, out));
    }
    framing.bytes
}

#[test]
fn a_message_depends_on_its_number_and_stream_alone() {
    for maker in makers() {
        let (one, other) = (Messages::new(maker.clone(), 7, "p"), Messages::new(maker.clone(), 8, "p"));
        let forward: Vec<_> = (0..50).map(|index| message(&one, index)).collect();
        let backward: Vec<_> = (0..50).rev().map(|index| message(&one, index)).collect();
        assert!(forward.iter().eq(backward.iter().rev()), "{maker:?}");
        let differs = forward.iter().zip(0..).any(|(bytes, index)| *bytes != message(&other, index));
        assert_eq!(differs, !matches!(maker, Maker::Lines(_)), "the seed decides, but for rows of a file: {maker:?}");
    }
}

#[test]
fn generated_messages_are_what_they_say() {
    for generator in [Generator::Flows, Generator::Posts] {
        let messages = Messages::new(Maker::Generated(generator), 1, "p");
        let read = |index| serde_json::from_slice::<Value>(&message(&messages, index)).expect("JSON");
        let field = if generator == Generator::Flows { "src_addr" } else { "text" };
        assert!((0..500).all(|index| read(index)[field].is_string()), "{generator:?}");
    }
    let logs = Messages::new(Maker::Generated(Generator::Logs), 1, "p");
    let line = String::from_utf8(message(&logs, 3)).expect("text");
    assert!(line.starts_with("2026-01-01T00:00:00.003Z ") && !line.contains('\n'), "{line}");
}

#[test]
fn a_template_fills_its_placeholders() {
    let text = json!({
        "id": "{index}", "name": "n{index}", "n": "{int:-3..-3}", "s": "<{int:5..5}>", "at": "{now}", "q": "\"{word}\"",
        "brace": "{ {} }", "text": "{{uuid}}", "{index}": [1, true, null, "{index}"],
    });
    let template = Template::of(&text).expect("a good template");
    let messages = Messages::new(Maker::Json(template), 1, "p");
    let made: Value = serde_json::from_slice(&message(&messages, 12)).expect("JSON");
    let word = made["q"].as_str().expect("a text").trim_matches('"').to_owned();
    assert!(!word.is_empty() && word.chars().all(char::is_alphabetic), "{made}");
    let expected = json!({
        "id": 12, "name": "n12", "n": -3, "s": "<5>", "at": "2026-01-01T00:00:00.012Z", "q": format!("\"{word}\""),
        "brace": "{ {} }", "text": "{uuid}", "{index}": [1, true, null, 12],
    });
    assert_eq!(made, expected);
}

#[test]
fn numbers_of_a_template_cover_their_range_and_uuids_differ() {
    let template = Template::of(&json!({"n": "{int:1..6}", "u": "{uuid}"})).expect("a good template");
    let messages = Messages::new(Maker::Json(template), 1, "p");
    let made = |index| serde_json::from_slice::<Value>(&message(&messages, index)).expect("JSON");
    let mut faces = [0; 6];
    let mut uuids = std::collections::BTreeSet::new();
    for index in 0..6_000 {
        let made = made(index);
        faces[made["n"].as_u64().expect("a number") as usize - 1] += 1;
        let uuid = made["u"].as_str().expect("a text").to_owned();
        assert!(uuid.len() == 36 && &uuid[14..15] == "4" && "89ab".contains(&uuid[19..20]), "{uuid}");
        uuids.insert(uuid);
    }
    assert!(faces.iter().all(|count| (850..1150).contains(count)), "{faces:?}");
    assert_eq!(uuids.len(), 6_000);
}

#[test]
fn every_mistake_of_a_template_is_told_with_its_place() {
    let text = json!({"a": ["{indx}"], "b": {"c": "{int:9..1}", "d": "{int}"}, "e": "{int:1-9}", "f": "{word:3}"});
    let mistakes = Template::of(&text).expect_err("mistakes");
    let told: Vec<String> = mistakes.iter().map(|m| format!("{}: {}", m.path.join("."), m.message)).collect();
    assert_eq!(
        told,
        [
            "a.0: `{indx}` is no placeholder",
            "b.c: `{int:9..1}` ends before it begins",
            "b.d: `{int}` has no range",
            "e: `{int:1-9}` has no range of whole numbers",
            "f: `{word}` takes nothing after a colon",
        ]
    );
}

#[test]
fn rows_are_cycled_and_a_file_without_any_is_refused() {
    let rows: Arc<[u8]> = Arc::from(&b"one\r\ntwo\n\nthree"[..]);
    let lines = Lines::of(&rows).expect("rows");
    assert_eq!([0, 1, 2, 3].map(|index| lines.get(index)), [&b"one"[..], b"two", b"three", b"one"]);
    assert_eq!(lines.lengths().collect::<Vec<_>>(), [3, 3, 5]);
    assert_eq!(Lines::of(&Arc::from(&b"\n\r\n"[..])).expect_err("nothing"), NoLines::Empty);
}

#[test]
fn framing_has_the_sizes_of_the_model() {
    let mut framing = Framing::default();
    let mut sizes = 0;
    for i in 0..300_u32 {
        let (at_ms, value) = (i64::from(i) * 3, vec![b'x'; (i as usize * 37) % 9_000]);
        let key = format!("key-{i}");
        let key = (i % 3 > 0).then_some(key.as_bytes());
        let before = framing.bytes.len() as u32;
        framing.push(at_ms, key, |out| out.extend_from_slice(&value));
        let body = wire::body(key.map(|key| key.len() as u32), value.len() as u32);
        let size = wire::record(body, at_ms as u64 * 1_000_000, i);
        assert_eq!(framing.bytes.len() as u32 - before, size, "record {i}");
        sizes += size;
    }
    assert_eq!((framing.records(), framing.bytes.len() as u32), (300, sizes));
    assert_eq!(conga::payload::framing::HEADER, wire::BATCH_HEADER);
}

proptest! {
    #[test]
    fn codecs_round_trip(pieces in prop::collection::vec((any::<u8>(), 1_usize..40_000), 0..6), noise: Vec<u8>) {
        let mut bytes: Vec<u8> = pieces.iter().flat_map(|&(byte, n)| std::iter::repeat_n(byte, n)).collect();
        bytes.extend(noise);
        for codec in Codec::ALL {
            let mut press = Press::new(codec);
            let (mut small, mut again, mut back) = (vec![1; 9], Vec::new(), vec![2; 9]);
            press.compress(&bytes, &mut small);
            press.expand(&small, bytes.len(), &mut back).expect("what it compressed");
            prop_assert_eq!(&back, &bytes, "{:?}", codec);
            press.compress(&bytes, &mut again);
            prop_assert_eq!(&small, &again, "a used context compresses as a fresh one: {:?}", codec);
        }
    }
}

#[test]
fn damaged_and_endless_data_is_refused_and_the_context_lives_on() {
    let bytes = batch(&Messages::new(Maker::Generated(Generator::Logs), 1, "p"), 0, 500);
    for codec in Codec::ALL {
        let mut press = Press::new(codec);
        let (mut small, mut back) = (Vec::new(), Vec::new());
        press.compress(&bytes, &mut small);
        assert!(press.expand(&small, bytes.len() - 1, &mut back).is_err(), "{codec:?} is larger than allowed");
        if codec != Codec::None {
            let cut = &small[..small.len() / 2];
            assert!(press.expand(cut, bytes.len(), &mut back).is_err() || back != bytes, "{codec:?} is cut");
            assert!(press.expand(b"not compressed at all", 1 << 20, &mut back).is_err(), "{codec:?} is something else");
        }
        press.expand(&small, bytes.len(), &mut back).expect("the context still works");
        assert_eq!(back, bytes, "{codec:?}");
    }
}

#[test]
fn batches_of_a_hundred_compress_as_real_data_does() {
    // Times smaller, about what JSON and logs usually give: wide, but narrower than words or noise would be.
    let expected = [
        (
            Generator::Flows,
            [(Codec::Gzip, 3.8..6.0), (Codec::Snappy, 2.2..3.5), (Codec::Lz4, 2.4..3.8), (Codec::Zstd, 3.8..6.2)],
        ),
        (
            Generator::Posts,
            [(Codec::Gzip, 2.6..4.5), (Codec::Snappy, 1.6..2.8), (Codec::Lz4, 1.7..3.0), (Codec::Zstd, 2.6..4.6)],
        ),
        (
            Generator::Logs,
            [(Codec::Gzip, 3.0..5.5), (Codec::Snappy, 1.8..3.3), (Codec::Lz4, 1.9..3.5), (Codec::Zstd, 3.0..5.5)],
        ),
    ];
    for (generator, codecs) in expected {
        let bytes = batch(&Messages::new(Maker::Generated(generator), 1, "p"), 5_000, 100);
        let mut small = Vec::new();
        let mut all = Vec::new();
        for (codec, range) in codecs {
            Press::new(codec).compress(&bytes, &mut small);
            let smaller = bytes.len() as f64 / small.len() as f64;
            all.push((codec, smaller, range.contains(&smaller)));
        }
        assert!(all.iter().all(|one| one.2), "{generator:?}, {} B each: {all:?}", bytes.len() / 100);
    }
}

#[test]
fn records_are_read_as_they_were_framed() {
    use conga::payload::framing::{Framing, Records};
    let mut framing = Framing::default();
    let records = [(Some("a"), 0), (None, 1), (Some(""), 63), (Some("key"), 64), (None, 9_000)];
    for (i, &(key, size)) in (0..).zip(&records) {
        framing.push(1_000 * i, key.map(str::as_bytes), |out| out.resize(out.len() + size, 7));
    }
    let read: Vec<_> = Records(&framing.bytes).map(|record| record.expect("a record")).collect();
    let written: Vec<_> = records.iter().map(|&(key, size)| (key.map(str::as_bytes), vec![7; size])).collect();
    assert!(read.iter().map(|&(key, value)| (key, value.to_vec())).eq(written));
    for cut in 1..framing.bytes.len().min(200) {
        let rest = &framing.bytes[..framing.bytes.len() - cut];
        assert!(Records(rest).last().is_none_or(|last| last.is_none()), "a batch cut short by {cut} is damaged");
    }
}

#[test]
fn the_size_of_a_value_follows_from_the_body_around_it() {
    use conga::model::wire::{body, value_of};
    for key in [None, Some(0), Some(5), Some(300)] {
        for value in (0..300).chain(8_000..8_400).chain([1 << 20, 3 << 20]) {
            assert_eq!(value_of(body(key, value), key), value, "{value} bytes with a key of {key:?}");
        }
    }
}
