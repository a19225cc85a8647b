//! RabbitMQ's PerfTest, by its command line. A queue is a topic of one partition, and those who compete for its messages
//! are the workers of its one reader.
//!
//! A queue hands out messages one by one and forgets them; a log is read in order and kept. So what comes out is how the
//! same load would fare on a log. Options as in PerfTest's usage and `PerfTest.java` of August 2026.
use super::draft::{Client, Draft, Line};
use super::options::{Given, Known as Option_, Takes, number};
use super::{AS_FAST_AS_IT_CAN, Known, UNLIMITED};

const AMQP: &str = "of AMQP's exchanges and bindings nothing is modelled: producers write to the topic";
const WHERE: &str = "the simulated cluster has no address, and asks for nobody's name";
const SHOWN: &str = "how the tool runs or prints what it found";
const BODY: &str = "what is in a message matters only where it is compressed: write `message: {lines: FILE}` then";
const QUEUE: &str = "of queues only their number is modelled";

const OPTIONS: &[Option_] = &[
    ("producers", "x", Takes::One, None),
    ("consumers", "y", Takes::One, None),
    ("producer-channel-count", "X", Takes::One, None),
    ("consumer-channel-count", "Y", Takes::One, None),
    ("rate", "r", Takes::One, None),
    ("publishing-interval", "P", Takes::One, None),
    ("variable-rate", "vr", Takes::One, None),
    ("consumer-rate", "R", Takes::One, None),
    ("consumer-latency", "L", Takes::One, None),
    ("size", "s", Takes::One, None),
    ("time", "z", Takes::One, None),
    ("pmessages", "C", Takes::One, None),
    ("confirm", "c", Takes::One, None),
    ("qos", "q", Takes::One, None),
    ("multi-ack-every", "A", Takes::One, None),
    ("consumer-start-delay", "csd", Takes::One, None),
    ("queue-pattern-from", "qpf", Takes::One, None),
    ("queue-pattern-to", "qpt", Takes::One, None),
    ("quorum-queue", "qq", Takes::Nothing, None),
    ("queue-pattern", "qp", Takes::One, Some(QUEUE)),
    ("queue", "u", Takes::One, Some(QUEUE)),
    ("queue-args", "qa", Takes::One, Some(QUEUE)),
    ("auto-delete", "ad", Takes::One, Some(QUEUE)),
    ("exclusive", "E", Takes::Nothing, Some(QUEUE)),
    ("predeclared", "p", Takes::Nothing, Some(QUEUE)),
    ("stream-queue", "sq", Takes::Nothing, Some("every topic is a log here")),
    ("type", "t", Takes::One, Some(AMQP)),
    ("exchange", "e", Takes::One, Some(AMQP)),
    ("routing-key", "k", Takes::One, Some(AMQP)),
    ("random-routing-key", "K", Takes::Nothing, Some(AMQP)),
    ("routing-key-cache-size", "rkcs", Takes::One, Some(AMQP)),
    ("skip-binding-queues", "sb", Takes::Nothing, Some(AMQP)),
    ("flag", "f", Takes::One, Some("a log is always kept, and everything written is read")),
    ("ptxsize", "m", Takes::One, Some("transactions are not modelled")),
    ("ctxsize", "n", Takes::One, Some("transactions are not modelled")),
    ("autoack", "a", Takes::Nothing, Some("positions are committed every 5 s; `commit` changes that")),
    ("nack", "na", Takes::Nothing, Some("a record of a log is not handed back")),
    ("requeue", "re", Takes::One, Some("a record of a log is not handed back")),
    ("global-qos", "Q", Takes::One, Some("a poll has a limit, a connection has none")),
    ("cmessages", "D", Takes::One, Some("a group reads until its producers are done")),
    ("variable-size", "vs", Takes::One, Some("sizes are drawn: write `message: {size: DISTRIBUTION}`")),
    ("variable-latency", "vl", Takes::One, Some("work is drawn: write `work: DISTRIBUTION`")),
    ("body", "B", Takes::One, Some(BODY)),
    ("body-content-type", "T", Takes::One, Some(BODY)),
    ("json-body", "jb", Takes::Nothing, Some(BODY)),
    ("body-field-count", "bfc", Takes::One, Some(BODY)),
    ("body-count", "bc", Takes::One, Some(BODY)),
    ("message-properties", "mp", Takes::One, Some("headers are not modelled")),
    ("confirm-timeout", "ct", Takes::One, Some("see `delivery_timeout`")),
    ("slow-start", "S", Takes::Nothing, Some("all members begin at once; `starts` says when")),
    ("producer-random-start-delay", "prsd", Takes::One, Some("all producers begin at once")),
    ("polling", "po", Takes::Nothing, Some("members always fetch")),
    ("polling-interval", "pi", Takes::One, Some("members always fetch")),
    ("heartbeat", "b", Takes::One, Some("AMQP's heartbeats carry no membership; see `heartbeat`")),
    ("framemax", "M", Takes::One, Some("frames are not modelled")),
    ("id", "d", Takes::One, Some(SHOWN)),
    ("interval", "i", Takes::One, Some(SHOWN)),
    ("output-file", "o", Takes::One, Some(SHOWN)),
    ("use-millis", "ms", Takes::Nothing, Some(SHOWN)),
    ("metrics-format", "mf", Takes::One, Some(SHOWN)),
    ("exit-when", "ew", Takes::One, Some(SHOWN)),
    ("shutdown-timeout", "st", Takes::One, Some(SHOWN)),
    ("producer-scheduler-threads", "pst", Takes::One, Some(SHOWN)),
    ("consumers-thread-pools", "ctp", Takes::One, Some(SHOWN)),
    ("nio-threads", "niot", Takes::One, Some(SHOWN)),
    ("uri", "h", Takes::One, Some(WHERE)),
    ("uris", "H", Takes::One, Some(WHERE)),
];

/// A scenario of a command line.
///
/// # Errors
/// What is wrong with it.
pub fn import(args: &[String], known: Known) -> Result<Draft, String> {
    // However it is started: `java -jar perf-test.jar`, `bin/runjava com.rabbitmq.perf.PerfTest`.
    let starter = |arg: &String| ["perf-test.jar", "PerfTest"].iter().any(|name| arg.ends_with(name));
    let first = args.iter().rposition(starter).map_or(0, |at| at + 1);
    let given = Given::read("PerfTest", OPTIONS, &args[first..])?;
    let [from, to] = [given.count("queue-pattern-from")?, given.count("queue-pattern-to")?];
    let queues = to.map_or(1, |to| to.saturating_sub(from.unwrap_or(1)).saturating_add(1));
    let replicas = known.replicas.unwrap_or(if given.has("quorum-queue") { 3 } else { 1 });
    let brokers = known.brokers.unwrap_or(replicas);
    let mut draft = Draft {
        from: "a command line of RabbitMQ's PerfTest".into(),
        description: "a load of RabbitMQ's PerfTest, on a log instead of queues".into(),
        topics: vec![("queue".into(), known.partitions.unwrap_or(queues), replicas)],
        brokers,
        ..Draft::default()
    };
    if known.brokers.is_none() {
        draft.assumes("brokers", format!("{brokers}, for the command line does not say; `--brokers N` does"));
    }
    let lines = sends(&given, &mut draft)?;
    draft.producers.push(Client { name: "producer".into(), topic: "queue".into(), lines });
    if given.one("consumers") != Some("0") {
        let lines = reads(&given, queues, &mut draft)?;
        draft.groups.push(Client { name: "consumer".into(), topic: "queue".into(), lines });
    }
    given.lost(OPTIONS).for_each(|(key, why)| draft.loses(key, why));
    Ok(draft)
}

/// Clients times channels.
fn channels(given: &Given, clients: &str, each: &str) -> Result<u32, String> {
    let [clients_given, each_given] = [given.count(clients)?.unwrap_or(1), given.count(each)?.unwrap_or(1)];
    let all = clients_given.checked_mul(each_given);
    all.ok_or_else(|| format!("--{clients} {clients_given} times --{each} {each_given} is more than can be counted"))
}

fn sends(given: &Given, draft: &mut Draft) -> Result<Vec<Line>, String> {
    let instances = channels(given, "producers", "producer-channel-count")?;
    let many = f64::from(instances);
    let mut lines: Vec<Line> = vec![("instances", instances.to_string())];
    let steps = given.all("variable-rate");
    let interval = given.number("publishing-interval", 1e-9)?;
    let rate = given.number("rate", 0.0)?.filter(|rate| *rate > 0.0).or(interval.map(|seconds| 1.0 / seconds));
    let lasts = given.number("time", 1e-9)?;
    if steps.is_empty() {
        let rate = rate.unwrap_or_else(|| {
            draft.assumes("--rate", UNLIMITED);
            AS_FAST_AS_IT_CAN / many
        });
        lines.push(("arrivals", format!("{{constant: {{rate: {}/s}}}}", rate * many)));
    } else {
        lines.push(("arrivals", self::steps(steps, many, lasts.unwrap_or(MINUTE_S))?));
    }
    // Its messages hold a number and a time at least.
    lines.push(("message", format!("{{size: {} B}}", given.count("size")?.unwrap_or(12).max(12))));
    // AMQP sends every message by itself, at once.
    lines.push(("linger", "0ms".into()));
    match given.count("confirm")? {
        Some(_) => {
            draft.assumes("--confirm", "producers wait for acknowledgements; how many may be open is `max_in_flight`");
        }
        None => lines.push(("acks", "0".into())),
    }
    if let Some(messages) = given.count("pmessages")? {
        lines.push(("messages", (u64::from(messages) * u64::from(instances)).to_string()));
    }
    match lasts {
        Some(seconds) => draft.run.push(("duration", format!("{seconds}s"))),
        None if given.has("pmessages") => {}
        None => {
            draft.assumes("--time", "a minute, for the tool runs until it is stopped");
            draft.run.push(("duration", format!("{MINUTE_S}s")));
        }
    }
    Ok(lines)
}

const MINUTE_S: f64 = 60.0;

/// Steps that a scenario may have.
const STEPS: usize = 10_000;

/// RATE:SECONDS, again and again, as the tool does.
fn steps(given: &[String], many: f64, lasts: f64) -> Result<String, String> {
    let mut pairs = Vec::new();
    for one in given {
        let (rate, seconds) =
            one.split_once(':').ok_or_else(|| format!("--variable-rate wants RATE:DURATION: `{one}`"))?;
        pairs.push((number("variable-rate", rate, 0.0)?, number("variable-rate", seconds, 1e-9)?));
    }
    let (mut at, mut steps) = (0.0, Vec::new());
    for (rate, seconds) in pairs.iter().cycle() {
        if at >= lasts {
            break;
        }
        if steps.len() >= STEPS {
            return Err(format!("--variable-rate changes more than {STEPS} times in {lasts} s; say a shorter --time"));
        }
        let lasts = seconds.min(lasts - at);
        steps.push(format!("{{for: {lasts}s, rate: {}/s}}", rate * many));
        at += seconds;
    }
    Ok(format!("{{steps: [{}]}}", steps.join(", ")))
}

fn reads(given: &Given, queues: u32, draft: &mut Draft) -> Result<Vec<Line>, String> {
    let consumers = channels(given, "consumers", "consumer-channel-count")?;
    let workers = consumers.div_ceil(queues);
    let mut lines: Vec<Line> = vec![("members", queues.min(consumers).to_string()), ("workers", workers.to_string())];
    if workers > 1 {
        draft.assumes("--consumers", "those who share a queue are the workers of one member");
    }
    let pause = given.number("consumer-latency", 0.0)?.map(|microseconds| microseconds * 1e-6);
    let limit = given.number("consumer-rate", 0.0)?.filter(|rate| *rate > 0.0).map(|rate| 1.0 / rate);
    if limit.is_some() {
        draft.assumes("--consumer-rate", "a record takes as long as that rate leaves it");
    }
    if let Some(seconds) = pause.into_iter().chain(limit).reduce(f64::max).filter(|seconds| *seconds > 0.0) {
        lines.push(("work", format!("{}ns", (seconds * 1e9).round())));
    }
    if let Some(prefetch) = given.count("qos")? {
        lines.push(("poll", format!("{{max_records: {prefetch}}}")));
    }
    if let Some(every) = given.count("multi-ack-every")? {
        lines.push(("commit", format!("{{every: {every}}}")));
    }
    if let Some(seconds) = given.number("consumer-start-delay", 0.0)? {
        lines.push(("starts", format!("{seconds}s")));
    }
    Ok(lines)
}
