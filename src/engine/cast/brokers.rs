//! Brokers: which logs each of them has, what they know of who writes and reads, and what their work costs.
//!
//! Where none of them can fail a log is only where it is led; otherwise each broker has one for every partition.
use super::{Actor, Casting, failing, times_out};
use crate::model::broker::{self, Answer, Broker, Place, Places, Writing};
use crate::model::log::Log;
use crate::model::random::{Distribution, Draws, Stream};
use crate::model::wire::Bandwidth;
use crate::plan::{Acks, ClientPlan, Plan};
use std::sync::Arc;

impl Casting<'_> {
    pub(super) fn brokers(&self) -> Vec<Actor> {
        let (plan, clients) = (self.plan, self.addresses.clients());
        let count = plan.cluster.brokers;
        let mut led: Vec<Vec<Log>> = (0..count).map(|_| Vec::new()).collect();
        let mut places = Places { topics: plan.topics.len() as u32, ..Places::default() };
        for (number, topic) in plan.topics.iter().enumerate() {
            let reading = (0..).zip(&plan.groups).filter(|(_, group)| group.topics.contains(&number));
            let groups: Vec<u32> = reading.map(|(group, _)| group).collect();
            let readers = groups.len();
            places.groups.push(groups);
            places.checks.push(topic.retention.filter(|_| readers > 0).map(|retention| retention.check));
            for partition in 0..topic.partitions {
                let leader = partition % count;
                if plan.cluster.failing.is_some() {
                    // Whoever leads next must have it: every broker has a log for it, though not all of them have copies.
                    let log = places.partitions.len() as u32;
                    places.partitions.push(Place { log, topic: number as u32, leader });
                    for logs in &mut led {
                        logs.push(Log::new(readers.max(1), None).rereadable(true));
                    }
                    continue;
                }
                let logs = &mut led[leader as usize];
                places.partitions.push(Place { log: logs.len() as u32, topic: number as u32, leader });
                logs.push(Log::new(readers, topic.retention).rereadable(plan.redelivers));
            }
        }
        let outputs = plan.groups.iter().filter_map(|group| group.output.as_ref());
        let clients_of = plan.producers.iter().map(|producer| &producer.client).chain(outputs);
        places.streams = clients_of.map(|client| writing(plan, client)).collect();
        for (g, _) in plan.groups.iter().enumerate() {
            for topic in 0..plan.topics.len() {
                let before = plan.groups[..g].iter().filter(|group| group.topics.contains(&topic)).count();
                places.readers.push(before as u32);
            }
        }
        places.quotas = plan.groups.iter().map(|group| group.quota).collect();
        let places = Arc::new(places);
        let cluster = &plan.cluster;
        let broker = |(me, logs): (usize, Vec<Log>)| {
            let draws =
                |law: &Distribution, name: &str| Draws::new(law, Stream::named(plan.run.seed, &format!("{name}/{me}")));
            let settings = broker::Settings {
                me: me as u32,
                brokers: count,
                work_per_batch: cluster.work_per_batch,
                work_per_kib: cluster.work_per_kib,
                bandwidth: Bandwidth::new(cluster.bandwidth),
                disk: Bandwidth::new(cluster.disk),
                handlers: cluster.threads,
                quota_samples: cluster.quota_window.map(|window| (window.length, window.samples)),
            };
            let (work, replication) =
                (draws(&cluster.request_work, "request"), draws(&cluster.replication, "replication"));
            let broker = Broker::new(settings, Arc::clone(&places), logs, clients, work, replication);
            Actor::Broker(Box::new(match failing::copies(plan, &self.addresses, me as u32) {
                Some(copies) => broker.failing(copies),
                None => broker,
            }))
        };
        led.into_iter().enumerate().map(broker).collect()
    }
}

fn writing(plan: &Plan, client: &ClientPlan) -> Writing {
    let answer = match client.acks {
        Acks::None => Answer::Never,
        Acks::Leader => Answer::Appended,
        Acks::All => Answer::Replicated,
    };
    let patience = times_out(plan, client).then_some(client.request_timeout);
    let replicas = plan.topics[client.topic].replicas;
    Writing { replicas, answer, quota: client.quota, patience, idempotent: client.idempotent }
}
