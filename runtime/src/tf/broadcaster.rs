//! Tells others where frames are.

use msgs::geometry_msgs::msg::TransformStamped;
use msgs::tf2_msgs::msg::TFMessage;

use super::listener::static_qos;
use crate::node::NodeError;
use crate::ports::{Output, Ports};
use crate::qos::Qos;

/// Publishes moving frames on `/tf`.
pub struct TfBroadcaster(Output<TFMessage>);

impl TfBroadcaster {
    /// Declares the output, with the QoS of `tf2_ros`.
    pub fn new(ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        Ok(Self(ports.output("/tf", Qos::default().depth(100))?))
    }

    /// Sends transforms in one message.
    pub fn send(&mut self, transforms: &[TransformStamped]) {
        self.0.send_with(|message| {
            message.transforms.clear();
            message.transforms.extend_from_slice(transforms);
        });
    }
}

/// Publishes frames that do not move on `/tf_static`, for those who come later too.
pub struct StaticTfBroadcaster {
    output: Output<TFMessage>,
    sent: Vec<TransformStamped>,
}

impl StaticTfBroadcaster {
    /// Declares the output, with the QoS of `tf2_ros`.
    pub fn new(ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        Ok(Self { output: ports.output("/tf_static", static_qos().depth(1))?, sent: vec![] })
    }

    /// Sends transforms together with all that were sent before, of which those of the same child frame are replaced:
    /// who comes later gets the last message only.
    pub fn send(&mut self, transforms: &[TransformStamped]) {
        for transform in transforms {
            match self.sent.iter_mut().find(|t| t.child_frame_id == transform.child_frame_id) {
                Some(former) => former.clone_from(transform),
                None => self.sent.push(transform.clone()),
            }
        }
        self.output.send(TFMessage { transforms: self.sent.clone() });
    }
}
