//! The pipeline on ractor, the actor library in the manner of Erlang: an actor for each producer, partition, consumer.
use pipeline::{CONSUMERS, Consumer, Load, Lot, PARTITIONS, PRODUCERS, Partition, Producer, TICK, tell};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

enum ToPartition {
    Append(Lot, ActorRef<ToProducer>),
    Fetch(usize, ActorRef<ToConsumer>),
}
enum ToProducer {
    Tick,
    Ack(u32),
}
enum ToConsumer {
    Begin(ActorRef<Self>),
    Take(usize, Vec<Lot>),
    Look,
}

struct PartitionActor;
type Reader = Option<(usize, ActorRef<ToConsumer>)>;

impl Actor for PartitionActor {
    type Msg = ToPartition;
    type State = (Partition, Reader);
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Self::Msg>, (): ()) -> Result<Self::State, ActorProcessingErr> {
        Ok((Partition::default(), None))
    }

    async fn handle(
        &self,
        _: ActorRef<Self::Msg>,
        message: Self::Msg,
        (partition, reader): &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ToPartition::Append(lot, from) => {
                let _ = from.cast(ToProducer::Ack(lot.records));
                if let (Some(lots), Some((number, to))) = (partition.append(lot), &reader) {
                    let _ = to.cast(ToConsumer::Take(*number, lots));
                }
            }
            ToPartition::Fetch(number, to) => {
                if let Some(lots) = partition.fetch() {
                    let _ = to.cast(ToConsumer::Take(number, lots));
                }
                *reader = Some((number, to));
            }
        }
        Ok(())
    }
}

struct ProducerActor(Vec<ActorRef<ToPartition>>);

impl Actor for ProducerActor {
    type Msg = ToProducer;
    type State = Producer;
    type Arguments = Producer;

    async fn pre_start(&self, me: ActorRef<Self::Msg>, state: Producer) -> Result<Producer, ActorProcessingErr> {
        me.send_interval(TICK, || ToProducer::Tick);
        Ok(state)
    }

    async fn handle(
        &self,
        me: ActorRef<Self::Msg>,
        message: ToProducer,
        producer: &mut Producer,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ToProducer::Tick => {
                producer.due(|to, lot| drop(self.0[to].cast(ToPartition::Append(lot, me.clone()))));
            }
            ToProducer::Ack(records) => producer.acked += u64::from(records),
        }
        Ok(())
    }
}

struct ConsumerActor {
    number: usize,
    zero: Instant,
    load: Load,
    partitions: Vec<ActorRef<ToPartition>>,
}
type Done = (Option<Consumer>, Option<oneshot::Sender<Consumer>>, Instant);

impl Actor for ConsumerActor {
    type Msg = ToConsumer;
    type State = Done;
    type Arguments = oneshot::Sender<Consumer>;

    async fn pre_start(
        &self,
        me: ActorRef<ToConsumer>,
        done: oneshot::Sender<Consumer>,
    ) -> Result<Done, ActorProcessingErr> {
        me.send_interval(Duration::from_secs(1), || ToConsumer::Look);
        let _ = me.cast(ToConsumer::Begin(me.clone()));
        Ok((Some(Consumer::new(self.zero)), Some(done), self.zero))
    }

    async fn handle(&self, me: ActorRef<ToConsumer>, message: ToConsumer, state: &mut Done) -> Result<(), ActorProcessingErr> {
        let (consumer, done, last) = state;
        match message {
            ToConsumer::Begin(me) => {
                for partition in (self.number..PARTITIONS).step_by(CONSUMERS) {
                    let _ = self.partitions[partition].cast(ToPartition::Fetch(partition, me.clone()));
                }
            }
            ToConsumer::Take(partition, lots) => {
                let _ = self.partitions[partition].cast(ToPartition::Fetch(partition, me));
                *last = Instant::now();
                if let Some(consumer) = consumer {
                    consumer.take(&lots);
                }
            }
            ToConsumer::Look => {
                let over = self.zero.elapsed().as_secs_f64() > self.load.seconds;
                if over
                    && last.elapsed() >= Duration::from_secs(1)
                    && let (Some(consumer), Some(done)) = (consumer.take(), done.take())
                {
                    let _ = done.send(consumer);
                }
            }
        }
        Ok(())
    }
}

fn main() {
    let load = Load::from_args();
    load.runtime().block_on(async {
        let zero = Instant::now();
        let mut partitions = Vec::new();
        for _ in 0..PARTITIONS {
            partitions.push(Actor::spawn(None, PartitionActor, ()).await.expect("it starts").0);
        }
        let mut results = Vec::new();
        for number in 0..CONSUMERS {
            let (done, result) = oneshot::channel();
            let actor = ConsumerActor { number, zero, load, partitions: partitions.clone() };
            Actor::spawn(None, actor, done).await.expect("it starts");
            results.push(result);
        }
        for number in 0..PRODUCERS {
            let producer = Producer::new(load, zero, number);
            Actor::spawn(None, ProducerActor(partitions.clone()), producer).await.expect("it starts");
        }
        let mut consumers = Vec::new();
        for result in results {
            consumers.push(result.await.expect("it tells"));
        }
        tell("ractor", zero, consumers);
    });
}
