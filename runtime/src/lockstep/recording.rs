//! Records a lockstep run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Event;
use crate::recording::{QosEntry, Recorder, TopicId, TopicInfo, WriteOutcome};

/// A recording under way.
pub struct Recording {
    pub recorder: Recorder,
    topics: BTreeMap<(String, String), TopicId>,
}

impl Recording {
    pub fn new(recorder: Recorder) -> Self {
        Self { recorder, topics: BTreeMap::new() }
    }

    pub fn write(&mut self, event: &Event<'_>) {
        let key = (event.topic.to_string(), event.ty.name.clone());
        let topic = match self.topics.get(&key) {
            Some(topic) => *topic,
            None => {
                let info = TopicInfo {
                    name: key.0.clone(),
                    type_name: key.1.clone(),
                    type_hash: event.ty.hash.clone(),
                    definition: msgs::types().definition(&key.1).unwrap_or_default(),
                    offered_qos: vec![QosEntry::from(event.qos)],
                };
                match self.recorder.add_topic(info) {
                    Ok(topic) => *self.topics.entry(key).or_insert(topic),
                    Err(error) => return tracing::error!(%error, topic = event.topic, "not recorded"),
                }
            }
        };
        let time_ns = u64::try_from(event.time.as_ns()).unwrap_or_default();
        let sequence = event.sequence as u32; // MCAP counts in 32 bits, modulo
        let write = || self.recorder.write(topic, time_ns, time_ns, sequence, event.payload.clone());
        while write() == WriteOutcome::QueueFull {
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
}
