//! A live process and somebody who talks to it through a session of its own.
#![allow(dead_code)] // each test uses what it needs
#![allow(clippy::unwrap_used)] // a helper of tests

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use msgs::{Message, Service};
use runtime::args::RosArgs;
use runtime::live::Live;
use runtime::qos::Qos;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{EndpointKind, Guard, Publish, Transport, TransportNode, TypeRef};

pub const LONG: Duration = Duration::from_secs(20);

/// Two sessions that find each other in a folder of their own.
pub struct World {
    folder: tempfile::TempDir,
    pub outside: ZenohTransport,
    pub node: Arc<dyn TransportNode>,
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let outside = ZenohTransport::open(&options(&folder)).unwrap();
        let node = outside.node("/", "outsider").unwrap();
        Self { folder, outside, node }
    }

    /// A process with these ROS arguments.
    pub fn live(&self, ros_args: &[&str]) -> Live {
        let transport = ZenohTransport::open(&options(&self.folder)).unwrap();
        Live::new(Arc::new(transport), args(ros_args)).unwrap()
    }

    pub fn call<S: Service>(&self, service: &str, request: &S::Request) -> S::Response {
        let answers = self.ask::<S>(service, request);
        S::Response::decode(&answers.recv_timeout(LONG).unwrap().unwrap()).unwrap()
    }

    /// Sends a request; the answer is there later.
    pub fn ask<S: Service>(&self, service: &str, request: &S::Request) -> Receiver<Answer> {
        assert!(self.outside.graph().wait_for_service(service, LONG), "{service}");
        let client = self.node.client(service, &TypeRef::service::<S>()).unwrap();
        let (send, answers) = sync_channel(1);
        let bytes = request.encode(0).unwrap();
        client.call(bytes, LONG, Box::new(move |a| drop(send.try_send(a)))).unwrap();
        answers
    }

    /// Messages of a topic, from a moment on at which its publisher knows that they are wanted.
    pub fn listen<M: Message>(&self, topic: &str, qos: &Qos) -> (Receiver<M>, Guard) {
        let (send, messages) = sync_channel(10_000);
        let on_sample = move |sample: runtime::transport::Sample| {
            let _ = send.try_send(M::decode(&sample.payload).unwrap());
        };
        let guard = self.node.subscribe(topic, &TypeRef::message::<M>(), qos, Box::new(on_sample)).unwrap();
        (messages, guard)
    }

    pub fn publisher<M: Message>(&self, topic: &str, qos: &Qos) -> Arc<dyn Publish> {
        self.node.publisher(topic, &TypeRef::message::<M>(), qos).unwrap()
    }

    /// Waits until the process behind `live` sees that endpoint of ours.
    pub fn seen_by(&self, live: &Live, kind: EndpointKind, name: &str) {
        let there = |g: &runtime::transport::Graph| {
            g.count(|e| e.kind == kind && e.name == name && e.node.name == "outsider") > 0
        };
        assert!(live.transport().graph().wait_until(LONG, there), "{name}");
    }
}

pub type Answer = Result<bytes::Bytes, runtime::transport::CallError>;

pub fn args(ros_args: &[&str]) -> RosArgs {
    RosArgs::parse(["test", "--ros-args"].iter().chain(ros_args)).unwrap()
}

fn options(folder: &tempfile::TempDir) -> ZenohOptions {
    ZenohOptions { connect: vec![], rendezvous: Some(folder.path().into()), ..ZenohOptions::default() }
}

pub fn send<M: Message>(publisher: &dyn Publish, message: &M) {
    publisher.publish(message.encode(0).unwrap()).unwrap();
}
