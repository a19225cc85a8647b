//! Inputs with exact outputs, from Kafka's own tests and from runs of Kafka: the rules must give the same.
//!
//! An entry is dispatched on its `kind`, never on its id; `compare` says what equal means.
mod ladder;

use crate::reference::{Reference, report, text};
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use conga::model::assignor::{
    self, Member, Partition, Previous, Topic, TopicId, UnknownTopic, java, server_range, uniform,
};
use conga::model::backoff::Backoff;
use conga::model::coordinator::reconcile::{Current, State};
use conga::model::partitioner::{KeyHash, hash};
use conga::model::quota::{self, Observed};
use conga::model::{partitioner, wire};
use conga::units::{Span, Time};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Vectors of the project's own copy whose rule is not built yet.
const NOT_BUILT: usize = 3;

/// What a rule gives, or why it refuses.
type Answer = Result<Value, String>;

#[test]
fn vectors_hold() {
    let reference = Reference::load("kafka-sim-vectors/", "vectors");
    let mut not_built: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut misses = Vec::new();
    for vector in &reference.entries {
        match rule(text(vector, "kind")) {
            None => not_built.entry(text(vector, "kind")).or_default().push(text(vector, "id")),
            Some(rule) => misses.extend(miss(vector, &rule(&vector["input"]))),
        }
    }
    let unchecked = not_built.values().map(Vec::len).sum();
    let mut lines = format!("\n{} vectors checked\n", reference.entries.len() - unchecked);
    for (kind, ids) in &not_built {
        writeln!(lines, "not checked, {kind} is not built: {}", ids.join(" ")).expect("a string takes all");
    }
    report(&lines);
    assert!(misses.is_empty(), "{} vectors missed:\n{}", misses.len(), misses.join("\n"));
    reference.unchecked_can_only_shrink(unchecked, NOT_BUILT);
}

fn rule(kind: &str) -> Option<fn(&Value) -> Answer> {
    match kind {
        "murmur2" => Some(|input| Ok(json!({ "hash_i32": partitioner::murmur2(&key(input)) }))),
        "kafka-key-partition" => Some(key_partition),
        "librdkafka-crc32" => Some(|input| Ok(crc32(input))),
        "librdkafka-murmur2" => Some(|input| Ok(masked_murmur2(input))),
        "librdkafka-fnv1a" => Some(|input| Ok(fnv1a(input))),
        "rabbitmq-murmur3" => Some(|input| Ok(murmur3(input))),
        "nats-partition" => Some(nats_partition),
        "quota-throttle-formula" => Some(|input| Ok(throttle_formula(input))),
        "quota-throttle" => Some(|input| Ok(throttle(input))),
        "exponential-backoff" => Some(|input| Ok(backoff(input))),
        "batch-capacity" => Some(|input| Ok(batch_capacity(input))),
        "adaptive-partitioner-cft" => Some(|input| Ok(adaptive(input))),
        "range" => Some(|input| Ok(assignment(input, |topics, members, _| assignor::range(topics, members)))),
        "roundrobin" => Some(|input| Ok(assignment(input, |topics, members, _| assignor::roundrobin(topics, members)))),
        "sticky" => Some(|input| Ok(assignment(input, assignor::sticky))),
        "cooperative-sticky" => Some(|input| Ok(assignment(input, assignor::cooperative_sticky))),
        "classic-initial-join" => Some(|input| Ok(ladder::initial_join(input))),
        "kip848-reconcile" => Some(|input| Ok(reconcile(input))),
        "server-range" => Some(|input| server_assignment(input, |topics, _, members, _| server_range(topics, members))),
        "server-uniform" => Some(|input| server_assignment(input, uniform)),
        "java-hashmap-order" => Some(|input| Ok(hashmap_order(input))),
        _ => None,
    }
}

/// What is wrong with an answer, if anything.
fn miss(vector: &Value, answer: &Answer) -> Option<String> {
    let expect = &vector["expect"];
    let good = match (answer, expect.get("error")) {
        (answer, Some(_)) => answer.is_err(),
        (Err(_), None) => false,
        (Ok(got), None) => match text(vector, "compare") {
            "exact" => object(expect).iter().all(|(field, value)| got.get(field) == Some(value)),
            "exact_list" => lists(got, false) == lists(expect, false),
            "set" if expect.get("state").is_some() => object(expect).iter().all(|(field, value)| &got[field] == value),
            "set" => lists(got, true) == lists(expect, true),
            other => panic!("{}: unknown comparison `{other}`", vector["id"]),
        },
    };
    (!good).then(|| format!("{} {}: expected {expect}, got {answer:?}", text(vector, "kind"), text(vector, "id")))
}

/// A list of partitions a member, in order or as a set; a member left out has none.
fn lists(members: &Value, sorted: bool) -> BTreeMap<&str, Vec<String>> {
    let mut lists = BTreeMap::new();
    for (member, list) in object(members) {
        let mut list: Vec<String> = array(list).iter().map(Value::to_string).collect();
        if sorted {
            list.sort();
        }
        if !list.is_empty() {
            lists.insert(member.as_str(), list);
        }
    }
    lists
}

fn key(input: &Value) -> Vec<u8> {
    let Some(hex) = input["key_hex"].as_str() else {
        return input["key"].as_str().expect("a key").as_bytes().to_vec();
    };
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal")).collect()
}

fn key_partition(input: &Value) -> Answer {
    let partitions = number(&input["num_partitions"]);
    if partitions == 0 {
        return Err("a topic has at least one partition".into());
    }
    Ok(json!({ "partition": partitioner::partition_of_hash(partitioner::murmur2(&key(input)), partitions) }))
}

/// A hash, and the partitions the hash that a partitioner uses leads to among 7 and 17.
fn hashed(input: &Value, field: &str, hash: u32, partitioner: KeyHash) -> Value {
    let of = |partitions| partitioner.partition(&key(input), partitions);
    json!({ field: hash, "partition_of_7": of(7), "partition_of_17": of(17) })
}

fn crc32(input: &Value) -> Value {
    hashed(input, "hash_u32", hash::crc32(&key(input)), KeyHash::Crc32)
}

fn masked_murmur2(input: &Value) -> Value {
    let hash = partitioner::to_positive(partitioner::murmur2(&key(input)));
    hashed(input, "hash_masked_u31", hash, KeyHash::Murmur2)
}

fn fnv1a(input: &Value) -> Value {
    hashed(input, "hash_abs_i32", hash::fnv1a(&key(input)).cast_signed().unsigned_abs(), KeyHash::Fnv1a)
}

/// Other seeds than the partitioner's check the hash, and how it is cut down to a partition.
fn murmur3(input: &Value) -> Value {
    let seed = number(&input["seed"]);
    let hash = hash::murmur3(&key(input), seed);
    let of = |partitions| match seed {
        hash::RABBITMQ_SEED => KeyHash::Murmur3.partition(&key(input), partitions),
        _ => partitioner::partition_of_hash(hash.cast_signed(), partitions),
    };
    json!({ "hash_u32": hash, "partition_of_3": of(3), "partition_of_10": of(10) })
}

fn nats_partition(input: &Value) -> Answer {
    let tokens: String = array(&input["tokens"]).iter().map(|token| token.as_str().expect("a token")).collect();
    let partitions = number(&input["num_partitions"]);
    let hash = hash::fnv1a(tokens.as_bytes()).checked_rem(partitions);
    Ok(json!({ "partition": hash.ok_or("a subject has at least one partition")? }))
}

fn throttle_formula(input: &Value) -> Value {
    let window = Span::from_ms(number(&input["window_ms"]).into());
    let throttle = quota::throttle_time(real(&input["observed"]), real(&input["quota"]), window);
    let most = input.get("max_ms").map_or(u64::MAX, |most| number(most).into());
    json!({ "throttle_ms": millis(throttle).min(most) })
}

fn throttle(input: &Value) -> Value {
    let at = |event: &Value| Time::ZERO + Span::from_ms((number(&input["start_ms"]) + number(&event["at_ms"])).into());
    let window = Span::from_ms(1000 * u64::from(number(&input["window_size_s"])));
    let mut observed = Observed::new(window, number(&input["num_samples"]).into());
    let waits = array(&input["events"]).iter().map(|event| {
        observed.record(at(event), real(&event["bytes"]));
        millis(observed.throttle(at(event), real(&input["quota"])))
    });
    json!({ "throttle_ms": waits.collect::<Vec<u64>>() })
}

fn backoff(input: &Value) -> Value {
    let ms = |field: &str| Span::from_ms(number(&input[field]).into());
    let (multiplier, jitter) = (real(&input["multiplier"]), real(&input["jitter"]));
    let backoff = Backoff { initial: ms("initial_ms"), max: ms("max_ms"), multiplier, jitter };
    json!({ "backoff_ms": millis(backoff.after(number(&input["attempts"]), 0.5)) })
}

fn millis(span: Span) -> u64 {
    span.ns() / 1_000_000
}

fn real(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("a number, not {value}"))
}

fn batch_capacity(input: &Value) -> Value {
    let (key, value) = (u32::try_from(integer(&input["key_bytes"])).ok(), number(&input["value_bytes"]));
    let pinned = wire::pinned(number(&input["batch_size"]), wire::upper_bound(key, value));
    let body = wire::body(key, value);
    let (mut records, mut bytes) = (1, wire::BATCH_HEADER + wire::record(body, 0, 0));
    while wire::takes(bytes, wire::record(body, 0, records), pinned) {
        bytes += wire::record(body, 0, records);
        records += 1;
    }
    json!({ "records": records, "batch_bytes": bytes, "buffer_bytes_allocated": pinned })
}

fn adaptive(input: &Value) -> Value {
    let queue_sizes: Vec<u32> = array(&input["queue_sizes"]).iter().map(number).collect();
    let Some(weights) = partitioner::cumulative_weights(&queue_sizes) else {
        return json!({ "cft": null, "mode": "uniform", "frequencies": null });
    };
    let mut frequencies = vec![0; weights.len()];
    for random in 0..weights[weights.len() - 1] {
        frequencies[partitioner::pick(&weights, random) as usize] += 1;
    }
    json!({ "cft": weights, "mode": "weighted", "frequencies": frequencies })
}

/// An assignor of Kafka's clients.
type Assignor = fn(&[Topic<'_>], &[Member<'_>], &[Previous<'_>]) -> Vec<Vec<Partition>>;

fn assignment(input: &Value, assign: Assignor) -> Value {
    let group = Group::of(input);
    let pasts = group.owned.iter().zip(&group.generations);
    let previous: Vec<Previous<'_>> = pasts.map(|(owned, &generation)| Previous { owned, generation }).collect();
    group.texts(&assign(&group.topics(), &group.members(), &previous))
}

/// An assignor of Kafka's coordinator.
type ServerAssignor =
    fn(&[Topic<'_>], &[TopicId], &[Member<'_>], &[Vec<Partition>]) -> Result<Vec<Vec<Partition>>, UnknownTopic>;

fn server_assignment(input: &Value, assign: ServerAssignor) -> Answer {
    let group = Group::of(input);
    let ids: Vec<TopicId> = group.names.iter().map(|name| topic_id(&input["topic_ids"][name])).collect();
    let lists = assign(&group.topics(), &ids, &group.members(), &group.owned).map_err(|error| error.to_string())?;
    Ok(group.texts(&lists))
}

/// As Kafka writes a `Uuid`.
fn topic_id(text: &Value) -> TopicId {
    let text = text.as_str().expect("the id of a topic");
    // The ids of Kafka's tests end in bits that say nothing.
    let lenient = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    let lenient = lenient.with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&URL_SAFE, lenient).decode(text).expect("an id is Base64");
    TopicId(u128::from_be_bytes(bytes.try_into().expect("an id has 16 bytes")))
}

/// A group as a vector describes it.
struct Group<'a> {
    members: &'a [Value],
    names: Vec<String>,
    sizes: Vec<u32>,
    subscriptions: Vec<Vec<usize>>,
    owned: Vec<Vec<Partition>>,
    generations: Vec<i32>,
}

impl<'a> Group<'a> {
    fn of(input: &'a Value) -> Self {
        let members = array(&input["members"]);
        let subscribed = |member: &'_ Value| -> Vec<String> {
            array(&member["subscribed"]).iter().map(|topic| topic.as_str().expect("a topic").to_owned()).collect()
        };
        let mut names: Vec<String> = object(&input["topics"]).keys().cloned().collect();
        names.extend(members.iter().flat_map(subscribed));
        let pasts: Vec<(Vec<(String, u32)>, i32)> = members.iter().map(past).collect();
        names.extend(pasts.iter().flat_map(|(owned, _)| owned.iter().map(|(topic, _)| topic.clone())));
        names.sort();
        names.dedup();
        let places = |member| subscribed(member).iter().map(|name| place(&names, name)).collect();
        let numbers = |(owned, _): &(Vec<(String, u32)>, i32)| {
            owned.iter().map(|(name, number)| (place(&names, name), *number)).collect()
        };
        Self {
            members,
            sizes: names.iter().map(|name| input["topics"].get(name).map_or(0, number)).collect(),
            subscriptions: members.iter().map(places).collect(),
            owned: pasts.iter().map(numbers).collect(),
            generations: pasts.iter().map(|(_, generation)| *generation).collect(),
            names,
        }
    }

    fn topics(&self) -> Vec<Topic<'_>> {
        self.names.iter().zip(&self.sizes).map(|(name, &partitions)| Topic { name, partitions }).collect()
    }

    fn members(&self) -> Vec<Member<'_>> {
        self.members.iter().zip(&self.subscriptions).map(|(member, topics)| member_of(member, topics)).collect()
    }

    fn texts(&self, lists: &[Vec<Partition>]) -> Value {
        let text = |&(topic, partition): &Partition| json!(format!("{}-{partition}", self.names[topic]));
        let texts = |list: &Vec<Partition>| list.iter().map(text).collect::<Value>();
        let named = self.members().into_iter().map(|member| member.id.to_owned()).zip(lists.iter().map(texts));
        named.collect::<Map<_, _>>().into()
    }
}

/// What a member says it owned, and in which generation.
fn past(member: &Value) -> (Vec<(String, u32)>, i32) {
    let owned = member.get("owned").map_or(&[][..], |owned| array(owned));
    let owned = owned.iter().map(|text| {
        let (topic, number) = text.as_str().and_then(|text| text.rsplit_once('-')).expect("topic and number");
        (topic.to_owned(), number.parse().expect("the number of a partition"))
    });
    let generation = member.get("generation").map_or(-1, integer);
    (owned.collect(), i32::try_from(generation).expect("a generation"))
}

/// What a member of the consumer protocol is told next.
fn reconcile(input: &Value) -> Value {
    let member = &input["member"];
    let lists = [&member["assigned"], &member["pending_revocation"], &input["target"], &input["owned_reported"]];
    let mut names: Vec<&str> =
        lists.iter().filter_map(|list| list.as_array()).flatten().filter_map(Value::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let ids = |list: &Value| -> Vec<u32> {
        let place = |name: &Value| names.binary_search(&name.as_str().expect("a partition")).expect("it was named");
        array(list).iter().map(|name| place(name) as u32).collect()
    };
    let set = |list: &Value| ids(list).into_iter().collect::<BTreeSet<u32>>();
    let epochs = &input["current_partition_epoch"];
    let is_free = |id: u32| {
        let topic = names[id as usize].rsplit_once('-').expect("topic and number").0;
        integer(epochs.get(topic).unwrap_or(&epochs["*"])) == -1
    };
    let current = Current {
        state: match text(member, "state") {
            "STABLE" => State::Stable,
            "UNREVOKED_PARTITIONS" => State::UnrevokedPartitions,
            "UNRELEASED_PARTITIONS" => State::UnreleasedPartitions,
            other => panic!("unknown state `{other}`"),
        },
        epoch: number(&member["member_epoch"]),
        previous_epoch: number(&member["previous_member_epoch"]),
        assigned: set(&member["assigned"]),
        revoking: set(&member["pending_revocation"]),
    };
    let owned = (!input["owned_reported"].is_null()).then(|| ids(&input["owned_reported"]));
    let target = (number(&input["target_epoch"]), set(&input["target"]));
    let next = current.reconciled(target.0, &target.1, is_free, owned.as_deref()).unwrap_or(current);
    let texts = |set: &BTreeSet<u32>| set.iter().map(|&id| json!(names[id as usize])).collect::<Value>();
    json!({
        "state": match next.state {
            State::Stable => "STABLE",
            State::UnrevokedPartitions => "UNREVOKED_PARTITIONS",
            State::UnreleasedPartitions => "UNRELEASED_PARTITIONS",
        },
        "member_epoch": next.epoch,
        "assigned": texts(&next.assigned),
        "pending_revocation": texts(&next.revoking),
    })
}

fn hashmap_order(input: &Value) -> Value {
    let keys: Vec<&str> = array(&input["keys"]).iter().map(|key| key.as_str().expect("a key")).collect();
    let hashes: Vec<i32> = keys.iter().map(|key| java::hash(key)).collect();
    json!({ "order": java::hash_order(&hashes).iter().map(|&place| keys[place]).collect::<Vec<_>>() })
}

fn place(names: &[String], name: &String) -> usize {
    names.binary_search(name).expect("every subscribed topic has a place")
}

fn member_of<'a>(member: &'a Value, topics: &'a [usize]) -> Member<'a> {
    Member { id: member["id"].as_str().expect("a member id"), instance: member["instance"].as_str(), topics }
}

fn array(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("a list, not {value}"))
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("an object, not {value}"))
}

fn integer(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("an integer, not {value}"))
}

fn number(value: &Value) -> u32 {
    u32::try_from(integer(value)).unwrap_or_else(|_| panic!("a count, not {value}"))
}
