//! What a member needs of a partition that it may be given while it runs: who leads it, and how long its records take.
//!
//! Luck belongs to the group and partition, and to the generation in which it is taken up: a member that takes it up
//! again draws new times, whoever had it before.
use crate::model::processing::{RealWork, Service};
use crate::model::protocol::PartitionId;
use crate::model::random::{Distribution, Draws, Stream};
use std::sync::{Arc, Mutex};

/// The partitions that a group's members may be given.
#[derive(Debug)]
pub struct Supplies {
    /// Seed of the run.
    pub seed: u64,
    /// Name of the group.
    pub group: String,
    /// By number over all topics: name of the topic and number in it, and the broker that leads it.
    pub partitions: Vec<(String, u32)>,
}

/// How long records take.
#[derive(Clone, Debug)]
pub enum Toil {
    /// Drawn for each record.
    Each(Distribution),
    /// A base, and so much for each unit of work in the record.
    PerUnit {
        /// Drawn for each record.
        base: Distribution,
        /// Drawn for each record, times its units.
        each: Distribution,
    },
    /// As long as it takes.
    Real(Arc<Mutex<dyn RealWork>>),
}

/// What one member is supplied with.
#[derive(Clone, Debug)]
pub struct Supply {
    /// What its group shares.
    pub shared: Arc<Supplies>,
    /// What its records take.
    pub toil: Toil,
}

impl Supply {
    /// The broker that leads a partition.
    #[must_use]
    pub fn leader(&self, partition: PartitionId) -> u32 {
        self.shared.partitions[partition as usize].1
    }

    /// Processing times of a partition that somebody takes up; `turn` says which time it is.
    #[must_use]
    pub fn service(&self, partition: PartitionId, turn: &str) -> Service {
        let Supplies { seed, group, partitions } = &*self.shared;
        let place = format!("{group}/{}{turn}", partitions[partition as usize].0);
        let draws = |law: &Distribution, what: &str| Draws::new(law, Stream::named(*seed, &format!("{what}/{place}")));
        match &self.toil {
            Toil::Each(law) => Service::Each(draws(law, "work")),
            Toil::PerUnit { base, each } => Service::PerUnit { base: draws(base, "work"), each: draws(each, "unit") },
            Toil::Real(work) => Service::Real(Arc::clone(work)),
        }
    }
}
