//! The examples below each command's help. Every line that begins with `conga` is parsed by a test.
//!
//! Options say what is possible, examples what it is good for; so each shows a question one has, not a flag.

pub const CONGA: &str = "\
Examples:
  conga init                                       a commented scenario to start from: minimal.yaml
  conga run minimal.yaml                           simulates it; the report: reports/minimal
  conga run minimal.yaml --set groups.workers.members=2 --out reports/two
  conga compare reports/minimal reports/two        what one member fewer changed
  conga explain linger                             what a key means, and what it costs";

pub const INIT: &str = "\
Examples:
  conga init                                       minimal.yaml, and conga.schema.json for editors
  conga init pipeline scenarios/orders.yaml        another template, under another name
  conga init --list                                what there is";

pub const IMPORT: &str = "\
Examples:
  conga import omb workload.yaml kafka.yaml        the OpenMessaging Benchmark: omb.yaml
  conga import perftest --out rabbit.yaml -- -x 2 -y 4 -r 1000 -s 200 -z 60
  conga import kafka-perf --partitions 12 -- --topic events --num-records 1000000 \\
      --record-size 100 --throughput 50000 --producer-props acks=all linger.ms=5";

pub const RUN: &str = "\
Examples:
  conga run minimal.yaml
  conga run minimal.yaml --set producers.edge.rate=4k/s --out reports/double
  conga run minimal.yaml --set run.repetitions=10  every figure with its 95 % interval
  conga run minimal.yaml --seed 7 --quiet          other luck, no progress
  conga run minimal.yaml --engine live             in real time, with real messages
  conga run minimal.yaml --engine live --prometheus 127.0.0.1:9464

Exit codes: 0 good, 99 a threshold failed, 3 the run is invalid, 1 it failed, 2 the scenario is bad.";

pub const CHECK: &str = "\
Examples:
  conga check minimal.yaml
  conga check scenarios/a.yaml scenarios/b.yaml    all problems of all files at once
  conga check minimal.yaml --set groups.workers.members=12";

pub const EXPLAIN: &str = "\
Examples:
  conga explain linger                             by its name
  conga explain groups.poll.max_records            by its path
  conga explain fetch.min.bytes                    by Kafka's name
  conga explain --list                             every key";

pub const CODECS: &str = "\
Examples:
  conga codecs codecs.yaml
  conga codecs codecs.yaml --out charts            with a chart for each producer
  conga codecs codecs.yaml --set producers.services.batch_size=128KiB";

pub const FIT: &str = "\
Examples:
  conga fit times.csv                              a time with its unit a row
  conga fit log.csv --column service_time --out charts
  conga fit log.csv --column at --arrivals         rows are instants: the times between them";

pub const STUDY: &str = "\
Examples:
  conga study minimal.yaml --vary groups.workers.members=1..6
  conga study minimal.yaml --vary 'producers.edge.rate=1k/s..4k/s by 1k/s' --vary groups.workers.members=[2,4]
  conga study minimal.yaml --vary groups.workers.members=1..6 --set study.repetitions=5 --out reports/members
  conga study minimal.yaml --vary producers.edge.linger=1ms..50ms --set study.points=100
  conga study minimal.yaml --vary groups.workers.members=1..6 --print-points

A study that was interrupted goes on where it was: repeat the command. Exit codes are those of `conga run`, but no
threshold makes it fail: that is a column of the table.";

pub const PLAN: &str = "\
Examples:
  conga plan capacity.yaml --minimize groups.billing.members
  conga plan capacity.yaml --maximize producers.shop.rate --set groups.billing.members=8
  conga plan minimal.yaml --minimize groups.workers.members --frontier 'producers.edge.rate=1k/s..4k/s by 1k/s'
  conga plan priced.yaml --minimize cost --vary groups.workers.members=1..6 --vary cluster.brokers=[1,3]

Exit codes: 0 there is an answer, 99 no candidate is good enough, 1 it failed, 2 the scenario is bad.";

pub const WORKER: &str = "\
Examples:
  conga study minimal.yaml --vary groups.workers.members=1..6 --print-points > points.jsonl
  conga worker < points.jsonl > results.jsonl      here, or anywhere else, in as many parts as one likes
  conga study minimal.yaml --vary groups.workers.members=1..6 --collect results.jsonl";

pub const REPORT: &str = "\
Examples:
  conga report reports/minimal                     after an update of conga, without running again
  conga report reports/minimal --png               for slides";

pub const COMPARE: &str = "\
Examples:
  conga compare reports/before reports/after
  conga compare reports/four reports/six reports/eight --out reports/members
  conga compare reports/before reports/after --fail-if 'groups.*.e2e_s.p99 > +10%'";

pub const SCHEMA: &str = "\
Examples:
  conga schema --out conga.schema.json             then, as the first line of a scenario beside it:

  # yaml-language-server: $schema=conga.schema.json";

pub const COMPLETIONS: &str = "\
Examples, each once:
  conga completions bash > ~/.local/share/bash-completion/completions/conga
  conga completions zsh > ~/.zfunc/_conga
  conga completions fish > ~/.config/fish/completions/conga.fish";

pub const MAN: &str = "\
Examples:
  conga man | man -l -                             reads it at once
  conga man --out ~/.local/share/man/man1          for `man conga` and `man conga-run`";
