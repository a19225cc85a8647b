//! The pipeline on plain tokio channels: a task for each producer, partition and consumer.
use pipeline::{CONSUMERS, Consumer, Load, Lot, PARTITIONS, PRODUCERS, Partition, Producer, TICK, tell};
use std::time::Instant;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

enum Ask {
    Append(Lot, UnboundedSender<u32>),
    Fetch(usize, UnboundedSender<(usize, Vec<Lot>)>),
}

fn main() {
    let load = Load::from_args();
    load.runtime().block_on(async {
        let zero = Instant::now();
        let (partitions, inboxes): (Vec<_>, Vec<_>) = (0..PARTITIONS).map(|_| unbounded_channel()).unzip();
        inboxes.into_iter().for_each(|inbox| drop(tokio::spawn(partition(inbox))));
        let consumers: Vec<_> =
            (0..CONSUMERS).map(|number| tokio::spawn(consume(number, zero, partitions.clone(), load))).collect();
        for number in 0..PRODUCERS {
            tokio::spawn(produce(Producer::new(load, zero, number), partitions.clone()));
        }
        let mut done = Vec::new();
        for consumer in consumers {
            done.push(consumer.await.expect("nobody panics"));
        }
        tell("tokio channels", zero, done);
    });
}

async fn produce(mut producer: Producer, partitions: Vec<UnboundedSender<Ask>>) {
    let (ack, mut acks) = unbounded_channel();
    let mut ticks = tokio::time::interval(TICK);
    while !producer.is_done() {
        tokio::select! {
            _ = ticks.tick() => producer.due(|to, lot| drop(partitions[to].send(Ask::Append(lot, ack.clone())))),
            Some(records) = acks.recv() => producer.acked += u64::from(records),
        }
    }
}

async fn partition(mut inbox: UnboundedReceiver<Ask>) {
    let (mut partition, mut reader) = (Partition::default(), None);
    while let Some(ask) = inbox.recv().await {
        match ask {
            Ask::Append(lot, ack) => {
                let _ = ack.send(lot.records);
                if let (Some(lots), Some((number, to))) = (partition.append(lot), &reader) {
                    let to: &UnboundedSender<_> = to;
                    let _ = to.send((*number, lots));
                }
            }
            Ask::Fetch(number, to) => {
                if let Some(lots) = partition.fetch() {
                    let _ = to.send((number, lots));
                }
                reader = Some((number, to));
            }
        }
    }
}

async fn consume(number: usize, zero: Instant, partitions: Vec<UnboundedSender<Ask>>, load: Load) -> Consumer {
    let (answer, mut answers) = unbounded_channel();
    let fetch = |partition: usize| drop(partitions[partition].send(Ask::Fetch(partition, answer.clone())));
    (number..PARTITIONS).step_by(CONSUMERS).for_each(fetch);
    let mut consumer = Consumer::new(zero);
    let quiet = std::time::Duration::from_secs(1);
    loop {
        match tokio::time::timeout(quiet, answers.recv()).await {
            Ok(Some((partition, lots))) => {
                fetch(partition);
                consumer.take(&lots);
            }
            // Nothing for a second, and nothing more is due: the run is over.
            _ if zero.elapsed().as_secs_f64() > load.seconds => return consumer,
            _ => {}
        }
    }
}
