//! What a plan finds with few simulations is what trying every candidate finds.
//!
//! Ten mixed questions over hundreds or thousands of candidates each. The grid runs each candidate five times, bounds or
//! not, from the first on, until one holds: those beyond cannot change what is first.
use conga::engine::{self, Watch};
use conga::outcome::threshold::{find, holds};
use conga::plan::{Plan, build};
use conga::scenario::{self, Scenario};
use conga::study::answer::answer;
use conga::study::quest::{Goal, Quest, quest};
use conga::study::trial::{Choice, LEAST, Trials};

struct Case {
    name: &'static str,
    yaml: &'static str,
    /// `least PATH`, `most PATH` or `cost`.
    goal: &'static str,
    vary: &'static [&'static str],
}

/// Everything but topic, producer, group and threshold.
const REST: &str = "run: {duration: 2s, warmup: 200ms, drain: 100ms, seed: 3}\n\
                    cost: {consumer: 0.05/h, broker: 0.40/h}\n";

const CASES: [Case; 10] = [
    Case {
        name: "members, records spread at random",
        yaml: "topics: {t: {partitions: 400}}\ncluster: {ideal: true}\n\
               producers: {p: {topic: t, arrivals: {poisson: {rate: 9k/s}}, partitioner: random, linger: 0s}}\n\
               groups: {g: {topics: [t], members: 1, work: {exponential: {mean: 2ms}}}}\n\
               thresholds: [groups.g.wait_s.mean < 14ms]\n",
        goal: "least groups.g.members",
        vary: &["groups.g.members=1..400"],
    },
    Case {
        name: "members, keyed records",
        yaml: "topics: {t: {partitions: 400}}\ncluster: {ideal: true}\n\
               producers: {p: {topic: t, arrivals: {poisson: {rate: 6k/s}}, key: {uniform: {keys: 50k}}}}\n\
               groups: {g: {topics: [t], members: 1, work: {gamma: {mean: 3ms, cv: 0.5}}}}\n\
               thresholds: [groups.g.e2e_s.p99 < 92ms]\n",
        goal: "least groups.g.members",
        vary: &["groups.g.members=1..400"],
    },
    Case {
        name: "workers of one member",
        yaml: "topics: {t: {partitions: 4}}\ncluster: {ideal: true}\n\
               producers: {p: {topic: t, arrivals: {poisson: {rate: 8k/s}}, linger: 0s}}\n\
               groups: {g: {topics: [t], members: 1, work: {lognormal: {mean: 4ms, cv: 1}}}}\n\
               thresholds: [groups.g.wait_s.p99 < 8ms]\n",
        goal: "least groups.g.workers",
        vary: &["groups.g.workers=1..400"],
    },
    Case {
        name: "partitions for sixteen members",
        yaml: "topics: {t: {partitions: 1}}\ncluster: {ideal: true}\n\
               producers: {p: {topic: t, arrivals: {constant: {rate: 5900/s}}, partitioner: round-robin, linger: 1ms}}\n\
               groups: {g: {topics: [t], members: 16, work: 2ms}}\n\
               thresholds: [groups.g.e2e_s.p99 < 20ms, groups.g.lost == 0]\n",
        goal: "least topics.t.partitions",
        vary: &["topics.t.partitions=1..400"],
    },
    Case {
        name: "brokers whose handlers are slow",
        yaml: "topics: {t: {partitions: 400}}\n\
               cluster: {network: {delay: 100us, bandwidth: 1 GB/s}, request: {work: 2ms, threads: 1}}\n\
               producers: {p: {topic: t, instances: 4, arrivals: {poisson: {rate: 4k/s}}, key: {uniform: {keys: 5k}}, \
               linger: 2ms}}\n\
               groups: {g: {topics: [t], members: 4, fetch: {max_wait: 50ms}}}\n\
               thresholds: [producers.p.publish_s.p90 < 40ms]\n",
        goal: "least cluster.brokers",
        vary: &["cluster.brokers=1..400"],
    },
    Case {
        name: "the most load for eight members",
        yaml: "topics: {t: {partitions: 32}}\ncluster: {ideal: true}\n\
               producers: {p: {topic: t, arrivals: {constant: {rate: 1k/s}}, partitioner: round-robin, \
               linger: 0s}}\n\
               groups: {g: {topics: [t], members: 8, assignor: roundrobin, work: 510us}}\n\
               thresholds: [groups.g.e2e_s.p99 < 1500us]\n",
        goal: "most producers.p.rate",
        vary: &["producers.p.rate=50/s..20000/s by 50/s"],
    },
    Case {
        name: "the longest linger",
        yaml: "topics: {t: {partitions: 3}}\ncluster: {ideal: true}\n\
               producers: {p: {topic: t, arrivals: {constant: {rate: 2k/s}}, partitioner: round-robin, \
               batch_size: 1 MiB}}\n\
               groups: {g: {topics: [t], members: 3, work: 100us}}\n\
               thresholds: [groups.g.e2e_s.mean < 45ms]\n",
        goal: "most producers.p.linger",
        vary: &["producers.p.linger=1ms..400ms by 1ms"],
    },
    Case {
        name: "members and brokers by cost",
        yaml: "topics: {t: {partitions: 64}}\n\
               cluster: {network: {delay: 100us, bandwidth: 1 GB/s}, request: {work: 1ms, threads: 1}}\n\
               producers: {p: {topic: t, instances: 4, arrivals: {poisson: {rate: 4k/s}}, key: {uniform: {keys: 5k}}, \
               linger: 2ms}}\n\
               groups: {g: {topics: [t], members: 1, work: {exponential: {mean: 2ms}}}}\n\
               thresholds: [groups.g.e2e_s.p90 < 56ms]\n",
        goal: "cost",
        vary: &["groups.g.members=1..40", "cluster.brokers=1..20"],
    },
    Case {
        name: "members and partitions by cost",
        yaml: "topics: {t: {partitions: 1}}\ncluster: {ideal: true}\n\
               producers: {p: {topic: t, arrivals: {poisson: {rate: 3k/s}}, partitioner: random, linger: 0s}}\n\
               groups: {g: {topics: [t], members: 1, work: {exponential: {mean: 2ms}}}}\n\
               thresholds: [groups.g.wait_s.mean < 8500us]\n",
        goal: "cost",
        vary: &["groups.g.members=1..64", "topics.t.partitions=1..64"],
    },
    Case {
        name: "members of two groups by cost",
        yaml: "topics: {t: {partitions: 30}}\ncluster: {ideal: true}\n\
               producers: {p: {topic: t, arrivals: {poisson: {rate: 2k/s}}, partitioner: random, linger: 0s}}\n\
               groups: {g: {topics: [t], members: 1, work: {exponential: {mean: 2ms}}}, \
               h: {topics: [t], members: 1, work: {exponential: {mean: 4ms}}}}\n\
               thresholds: [groups.g.wait_s.mean < 5500us, groups.h.wait_s.mean < 5600us]\n",
        goal: "cost",
        vary: &["groups.g.members=1..30", "groups.h.members=1..30"],
    },
];

impl Case {
    fn scenario(&self) -> Scenario {
        let yaml = format!("{}{REST}", self.yaml);
        scenario::parse(&yaml, "case.yaml", None, &[]).unwrap_or_else(|all| panic!("{}: {all}", self.name))
    }

    fn quest(&self, scenario: &Scenario) -> Quest {
        let goal = match self.goal.split_once(' ') {
            Some(("least", path)) => Goal::Least(path.to_owned()),
            Some((_, path)) => Goal::Greatest(path.to_owned()),
            None => Goal::Cheapest,
        };
        let vary: Vec<String> = self.vary.iter().map(|line| (*line).to_owned()).collect();
        quest(scenario, goal, &vary, None).unwrap_or_else(|all| panic!("{}: {all}", self.name))
    }
}

/// Whether every threshold holds by the mean of as many runs as a plan takes at the least.
fn passes(scenario: &Scenario, choice: &Choice) -> bool {
    let sets: Vec<String> = choice.iter().map(|(path, value)| format!("{path}={value}")).collect();
    let with = scenario.with(&sets).unwrap_or_else(|all| panic!("{all}"));
    let (plan, _) = build::simulated(&with).unwrap_or_else(|all| panic!("{all}"));
    let results: Vec<serde_json::Value> = (0..LEAST as u32)
        .map(|i| {
            let outcome = engine::run(&plan.repetition(i), &Watch::quiet());
            serde_json::to_value(&outcome.result).expect("a result is plain data")
        })
        .collect();
    plan.thresholds.iter().all(|line| {
        let figures: Option<Vec<f64>> = results.iter().map(|result| find(&line.path, result)).collect();
        figures.is_some_and(|all| holds(all.iter().sum::<f64>() / all.len() as f64, line.comparison, line.bound))
    })
}

/// Plans a case; hands back how many simulations it took, and how many the grid has.
fn check(case: &Case) -> (usize, usize) {
    let scenario = case.scenario();
    let quest = case.quest(&scenario);
    let engine = |plan: &Plan| Some(engine::run(plan, &Watch::quiet()));
    let mut trials = Trials::new(&scenario, &engine, 2, &|_| {});
    let found = answer(&mut trials, &quest, true).expect("nobody interrupts it");
    let first = quest.candidates.iter().position(|choice| passes(&scenario, choice));
    let exhaustive = first.map(|at| quest.candidates[at].clone());
    let (took, all) = (found.simulations.search, quest.candidates.len() * LEAST);
    let tried: Vec<String> = found
        .found
        .tried
        .iter()
        .map(|(at, one)| format!("{:?} {} {:?}", quest.candidates[*at], one.passed, one.thresholds))
        .collect();
    assert_eq!(found.choice, exhaustive, "{}\n{}", case.name, tried.join("\n"));
    assert!(took * 20 <= all, "{}: {took} of {all}", case.name);
    (took, all)
}

/// Checks cases on two threads.
fn check_all(cases: &[&Case]) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let take = || next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let cases = std::iter::repeat_with(take).map_while(|i| cases.get(i));
        cases.map(|case| check(case)).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    let sums = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a case holds")).collect::<Vec<_>>()
    });
    let (took, all) = sums.into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert!(took * 20 <= all, "{took} of {all}");
}

#[test]
fn few_simulations_say_what_the_whole_grid_says() {
    check_all(&[&CASES[0], &CASES[1], &CASES[2], &CASES[4]]);
}

#[test]
#[ignore = "some minutes: scripts/plan-against-grid"]
fn ten_plans_say_what_the_whole_grid_says() {
    check_all(&CASES.iter().collect::<Vec<_>>());
}
