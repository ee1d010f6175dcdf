//! Fills a buffer from `/tf` and `/tf_static`.

use msgs::tf2_msgs::msg::TFMessage;

use super::{TfBuffer, TfError};
use crate::node::NodeError;
use crate::ports::{Ports, Queue};
use crate::qos::{Durability, Qos};
use crate::time::Time;

/// A node's knowledge of where frames are. Not for real-time nodes: it allocates.
pub struct TfListener {
    buffer: TfBuffer,
    moving: Queue<TFMessage>,
    fixed: Queue<TFMessage>,
    last_update: Time,
    refused: u64,
}

impl TfListener {
    /// Declares the inputs, with the QoS of `tf2_ros`.
    pub fn new(ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        Self::with_buffer(ports, TfBuffer::default())
    }

    /// The same with a buffer that keeps transforms for another time.
    pub fn with_buffer(ports: &mut Ports<'_>, buffer: TfBuffer) -> Result<Self, NodeError> {
        Ok(Self {
            buffer,
            moving: ports.queue("/tf", Qos::default().depth(100))?,
            fixed: ports.queue("/tf_static", static_qos().depth(100))?,
            last_update: Time::default(),
            refused: 0,
        })
    }

    /// Takes what has arrived; to be called at the start of a step, with the step's time. When that has jumped back,
    /// what is known of moving frames is from the future and is forgotten.
    pub fn update(&mut self, now: Time) {
        if now < self.last_update {
            self.buffer.forget_moving();
        }
        self.last_update = now;
        for (queue, is_static) in [(&mut self.fixed, true), (&mut self.moving, false)] {
            while let Some(message) = queue.next() {
                for transform in &message.transforms {
                    match self.buffer.insert(transform, is_static) {
                        Ok(()) | Err(TfError::Repeated { .. }) => {}
                        Err(error) => {
                            self.refused += 1;
                            // Every message of a bad publisher would say the same.
                            if self.refused.is_power_of_two() {
                                tracing::warn!(refused = self.refused, "{error}");
                            }
                        }
                    }
                }
            }
        }
    }

    /// What is known.
    pub fn buffer(&self) -> &TfBuffer {
        &self.buffer
    }

    /// How many transforms were refused; repeated ones are not counted.
    pub fn refused(&self) -> u64 {
        self.refused
    }
}

/// Static transforms are also for those who come later.
pub(super) fn static_qos() -> Qos {
    Qos { durability: Durability::TransientLocal, ..Qos::default() }
}
