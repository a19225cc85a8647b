//! For queues with closed forms the least number that is enough is known, and a plan has to find that very number.
//!
//! Members that share partitions evenly are queues of one server each (M/M/1), and workers of one member a queue of
//! several (M/M/c, Erlang's C). Bounds lie well between the waits of two neighbours, so that luck does not decide.
use conga::engine::{self, Watch};
use conga::plan::Plan;
use conga::scenario;
use conga::study::answer::answer;
use conga::study::quest::{Goal, quest};
use conga::study::trial::Trials;

/// A case: what is asked for, and what the answer must be.
struct Case {
    goal: String,
    yaml: String,
    least: u64,
    told: String,
}

/// Mean wait in M/M/c by Erlang's C, in seconds; infinite where it is not stable.
fn erlang_wait(lambda: f64, mu: f64, servers: u64) -> f64 {
    let (load, c) = (lambda / mu, servers as f64);
    if load >= c {
        return f64::INFINITY;
    }
    // Erlang's B by its recursion, and C from it.
    let b = (1..=servers).fold(1.0, |b, i| load * b / (i as f64 + load * b));
    let waits = b / (1.0 - load / c * (1.0 - b));
    waits / (c * mu - lambda)
}

/// Mean wait over all records where partitions are dealt to members as evenly as can be, in seconds.
fn partitioned_wait(lambda: f64, mu: f64, partitions: u64, members: u64) -> f64 {
    let (few, more) = (partitions / members, partitions % members);
    let of = |partitions: u64| lambda * partitions as f64 / (few * members + more) as f64;
    let queue = |partitions: u64, members: u64| {
        let rate = of(partitions);
        if rate >= mu { f64::INFINITY } else { members as f64 * rate / lambda * erlang_wait(rate, mu, 1) }
    };
    let some = if more > 0 { queue(few + 1, more) } else { 0.0 };
    some + if few > 0 { queue(few, members - more) } else { 0.0 }
}

/// The least number whose wait is below a bound, and a bound well between it and its neighbour below.
fn bound(wait: &dyn Fn(u64) -> f64, least: u64) -> Option<f64> {
    let (holds, fails) = (wait(least), wait(least - 1));
    (holds.is_finite() && holds > 0.0 && fails > 2.0 * holds).then(|| holds * f64::min((fails / holds).sqrt(), 1.8))
}

/// Numbers that look random and are not.
fn luck(seed: u64) -> impl FnMut(u64, u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |from, to| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        from + (state >> 11) % (to - from + 1)
    }
}

fn partitioned(seed: u64) -> Option<Case> {
    let mut luck = luck(seed);
    let (least, more) = (luck(2, 8), luck(0, 6));
    let (partitions, mu) = (least + more, luck(200, 2_000) as f64);
    let lambda = (mu * luck(40, 85) as f64 / 100.0 * least as f64).round();
    let wait = |members: u64| partitioned_wait(lambda, mu, partitions, members);
    let bound = bound(&wait, least)?;
    // Where three members are no better than two, there is no least number to tell apart.
    if (1..least).any(|fewer| wait(fewer) < 1.5 * bound) {
        return None;
    }
    let told = format!("{partitions} partitions, lambda {lambda}, mu {mu}: {least} members by theory");
    Some(case("groups.g.members", "members: 1", partitions, (lambda, mu), (bound, least), told))
}

fn shared(seed: u64) -> Option<Case> {
    let mut luck = luck(seed);
    let (least, mu) = (luck(2, 10), luck(200, 2_000) as f64);
    let lambda = (mu * luck(50, 85) as f64 / 100.0 * least as f64).round();
    let bound = bound(&|servers| erlang_wait(lambda, mu, servers), least)?;
    let told = format!("lambda {lambda}, mu {mu}: {least} workers by theory");
    Some(case("groups.g.workers", "members: 1, workers: 1", 1, (lambda, mu), (bound, least), told))
}

fn case(
    goal: &str,
    members: &str,
    partitions: u64,
    (lambda, mu): (f64, f64),
    (bound, least): (f64, u64),
    told: String,
) -> Case {
    // Long enough for some ten thousand records, and for queues at 85 % to forget how they began.
    let duration = (20_000.0 / lambda).max(2_000.0 / mu);
    let yaml = format!(
        "topics: {{t: {{partitions: {partitions}}}}}\ncluster: {{ideal: true}}\n\
         producers: {{p: {{topic: t, arrivals: {{poisson: {{rate: {lambda}/s}}}}, partitioner: random, linger: 0s}}}}\n\
         groups: {{g: {{topics: [t], {members}, assignor: roundrobin, work: {{exponential: {{mean: {:.0}ns}}}}}}}}\n\
         run: {{duration: {:.0}ms, warmup: {:.0}ms, drain: 1s, seed: 7}}\n\
         thresholds: [groups.g.wait_s.mean < {:.0}ns]\n",
        1e9 / mu,
        duration * 1e3,
        duration * 50.0,
        bound * 1e9
    );
    Case { goal: goal.to_owned(), yaml, least, told }
}

/// Plans a case; hands back how many simulations it took.
fn check(case: &Case) -> usize {
    let scenario = scenario::parse(&case.yaml, "case.yaml", None, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    let quest =
        quest(&scenario, Goal::Least(case.goal.clone()), &[], None).unwrap_or_else(|problems| panic!("{problems}"));
    let engine = |plan: &Plan| Some(engine::run(plan, &Watch::quiet()));
    let mut trials = Trials::new(&scenario, &engine, 2, &|_| {});
    let answer = answer(&mut trials, &quest, true).expect("nobody interrupts it");
    let found = answer.choice.as_ref().map(|choice| choice[0].1.clone());
    let tried: Vec<String> = answer
        .found
        .tried
        .iter()
        .map(|(at, tried)| format!("{}: {} of {} runs, {:?}", at + 1, tried.passed, tried.runs, tried.thresholds))
        .collect();
    assert_eq!(found, Some(case.least.to_string()), "{}\n{}\n{}", case.told, case.yaml, tried.join("\n"));
    assert!(answer.found.sure, "{}", case.told);
    answer.simulations.search
}

/// So many cases of a kind.
fn cases(make: fn(u64) -> Option<Case>, count: usize) -> Vec<Case> {
    (1..).filter_map(make).take(count).collect()
}

#[test]
fn a_plan_finds_what_queueing_theory_says() {
    let all: Vec<Case> = cases(partitioned, 8).into_iter().chain(cases(shared, 6)).collect();
    let simulations: usize = all.iter().map(check).sum();
    assert!(simulations < all.len() * 40, "{simulations} simulations for {} cases", all.len());
}

#[test]
#[ignore = "some minutes: fifty cases of each kind"]
fn fifty_plans_find_what_queueing_theory_says() {
    for make in [partitioned, shared] {
        let all = cases(make, 50);
        let simulations: usize = all.iter().map(check).sum();
        assert!(simulations < all.len() * 40, "{simulations} simulations for {} cases", all.len());
    }
}

#[test]
fn the_closed_forms_are_those_of_the_books() {
    let near = |found: f64, known: f64| assert!((found / known - 1.0).abs() < 1e-9, "{found} and {known}");
    near(erlang_wait(0.8, 1.0, 1), 4.0);
    // Erlang's C for two servers at 80 %: 2 rho^2 / (1 + rho) = 0.7111...
    near(erlang_wait(1.6, 1.0, 2), 0.711_111_111_111_111 / 0.4);
    near(partitioned_wait(2.4, 1.0, 12, 3), 4.0);
    assert!(partitioned_wait(2.0, 1.0, 3, 2).is_infinite(), "two of three partitions are too much for one member");
}
