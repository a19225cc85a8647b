//! What limits a group is named in words, and the evidence with it.
use crate::report::outcome;
use conga::outcome::result::Outcome;
use conga::report;

type Change = fn(&mut Outcome);

fn check_bottleneck(cases: &[(bool, Change, &str)]) {
    for (behind, change, words) in cases {
        let mut outcome = outcome(&[("workers", *behind)]);
        change(&mut outcome);
        let verdict = report::verdict::Verdict::of(&outcome).sentences.join(" ");
        assert!(verdict.contains(words), "{words:?} is not in {verdict:?}");
    }
}

#[test]
fn the_first_to_saturate_is_named_with_its_evidence() {
    check_bottleneck(&[
        (false, |_| (), "Of the time of its records, 28 % goes to"),
        (
            false,
            |o| o.members.clear(),
            "First to saturate: the workers of workers, 80 % used, so about 1.2 × this load as it is spread now: \
             partition events-3 receives 31 % of the records",
        ),
        (
            false,
            |o| o.members[3].utilisation = 0.9,
            "First to saturate: member 3 of workers, 90 % used, so about 1.1 ×",
        ),
        (
            false,
            |o| {
                let rising =
                    "not stationary: the lag of groups.workers was still rising at the end; means depend on it";
                o.result.warnings.push(rising.to_owned());
            },
            "Group workers barely kept up:",
        ),
        (
            false,
            |o| {
                o.members.clear();
                o.partitions.iter_mut().for_each(|row| row.share = 0.08);
            },
            "so about 1.2 × this load.",
        ),
        (
            false,
            |o| {
                o.partitions.iter_mut().for_each(|row| row.share = 0.08);
                o.result.producers[0].1.in_flight_share = 0.97;
            },
            "gathering in a batch (2.1 ms of 7.4 ms on average): the in-flight window of producer edge is 97 % full, so \
             requests wait for answers. First to saturate: the in-flight window of producer edge, 97 % used.",
        ),
    ]);
}

#[test]
fn the_bottleneck_is_named_with_its_evidence() {
    check_bottleneck(&[
        (true, |_| (), "Its records spent"),
        (true, |_| (), "Its member 3 is busy 99.8 % of the time, all together 62 %."),
        (true, |_| (), "spread its keys, or add members, so that its member has fewer others"),
        (
            true,
            |o| {
                let hot = o.partitions[3].clone();
                let groups = o.partitions.iter_mut().flat_map(|row| row.groups.iter_mut().flatten());
                groups.enumerate().for_each(|(i, group)| group.member = i as u32);
                o.partitions[3].appended = hot.appended;
            },
            "spread its keys, more members cannot help",
        ),
        (
            true,
            |o| {
                o.partitions.iter_mut().for_each(|row| row.share = 0.08);
                o.members.clear();
                o.result.brokers[1].1.utilisation = 0.99;
            },
            "The bottleneck is the request handlers of broker 1, 99 % used: add brokers or handlers",
        ),
        (
            true,
            |o| {
                o.partitions.iter_mut().for_each(|row| row.share = 0.08);
                o.members.clear();
                o.result.brokers[2].1.network_utilisation = Some(0.985);
            },
            "The bottleneck is the network card of broker 2, 98 % used: add brokers or bandwidth, or compress",
        ),
    ]);
}
