//! Connects the ports of a live node to the transport.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;

use crate::clock::Clock;
use crate::ports::{Ask, Deliver, Emit, OnCall, ServiceTypes, Wiring};
use crate::qos::Qos;
use crate::transport::{Call, CallError, Guard, Publish, TransportError, TransportNode, TypeRef};

pub struct LiveWiring {
    node: Arc<dyn TransportNode>,
    clock: Arc<Clock>,
    guards: Vec<Guard>,
}

impl LiveWiring {
    pub fn new(node: Arc<dyn TransportNode>, clock: Arc<Clock>) -> Self {
        Self { node, clock, guards: vec![] }
    }

    /// What keeps subscriptions and servers alive.
    pub fn into_guards(self) -> Vec<Guard> {
        self.guards
    }
}

impl Wiring for LiveWiring {
    fn input(
        &mut self,
        topic: &str,
        ty: &TypeRef,
        qos: &Qos,
        inbox: Arc<dyn Deliver>,
    ) -> Result<(), TransportError> {
        let clock = Arc::clone(&self.clock);
        let on_sample = Box::new(move |sample| inbox.deliver(sample, clock.now()));
        self.guards.push(self.node.subscribe(topic, ty, qos, on_sample)?);
        Ok(())
    }

    fn output(&mut self, topic: &str, ty: &TypeRef, qos: &Qos) -> Result<Arc<dyn Emit>, TransportError> {
        let publisher = self.node.publisher(topic, ty, qos)?;
        Ok(Arc::new(LiveOutput { publisher, failed: AtomicBool::new(false) }))
    }

    fn server(&mut self, service: &str, types: &ServiceTypes, on_call: OnCall) -> Result<(), TransportError> {
        let on_request = Box::new(move |request: crate::transport::Request| {
            on_call(request.payload, request.answer);
        });
        self.guards.push(self.node.serve(service, &types.service, on_request)?);
        Ok(())
    }

    fn client(&mut self, service: &str, types: &ServiceTypes) -> Result<Arc<dyn Ask>, TransportError> {
        let call = self.node.client(service, &types.service)?;
        Ok(Arc::new(LiveClient { call, service: service.into() }))
    }
}

struct LiveOutput {
    publisher: Arc<dyn Publish>,
    failed: AtomicBool,
}

impl Emit for LiveOutput {
    fn emit(&self, payload: Bytes) {
        match self.publisher.publish(payload) {
            Ok(()) => self.failed.store(false, Ordering::Relaxed),
            // Once per outage, not once per message.
            Err(error) if !self.failed.swap(true, Ordering::Relaxed) => tracing::error!(%error),
            Err(_) => {}
        }
    }
}

struct LiveClient {
    call: Arc<dyn Call>,
    service: String,
}

impl Ask for LiveClient {
    fn ask(
        &self,
        request: Bytes,
        timeout: Duration,
        on_reply: Box<dyn FnOnce(Result<Bytes, CallError>) + Send>,
    ) {
        if let Err(error) = self.call.call(request, timeout, on_reply) {
            tracing::error!(service = self.service, %error, "call is not sent");
        }
    }
}
