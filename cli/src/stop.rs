//! Ctrl-C, SIGTERM and SIGHUP: the first asks the command to end, the second ends the process.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use parking_lot::{Condvar, Mutex};

type Hook = Box<dyn Fn() + Send>;

#[derive(Default)]
struct Inner {
    stopped: Mutex<bool>,
    changed: Condvar,
    hooks: Mutex<Vec<Hook>>,
}

/// Whether the user wants the command to end.
#[derive(Clone, Default)]
pub struct Stop(Arc<Inner>);

impl Stop {
    /// Takes over the signals. Once per process.
    pub fn install() -> Result<Self> {
        let stop = Self::default();
        let handler = stop.clone();
        ctrlc::set_handler(move || {
            if handler.is_set() {
                std::process::exit(130);
            }
            handler.set();
        })
        .context("cannot take over Ctrl-C")?;
        Ok(stop)
    }

    fn set(&self) {
        *self.0.stopped.lock() = true;
        self.0.changed.notify_all();
        self.0.hooks.lock().iter().for_each(|hook| hook());
    }

    /// Whether the command is to end.
    pub fn is_set(&self) -> bool {
        *self.0.stopped.lock()
    }

    /// Calls `hook` when the command is to end.
    pub fn on_stop(&self, hook: impl Fn() + Send + 'static) {
        self.0.hooks.lock().push(Box::new(hook));
    }

    /// Waits until then, or until the command is to end: true in that case.
    pub fn wait_until(&self, deadline: Instant) -> bool {
        let mut stopped = self.0.stopped.lock();
        while !*stopped {
            if self.0.changed.wait_until(&mut stopped, deadline).timed_out() {
                break;
            }
        }
        *stopped
    }

    /// Waits until the command is to end.
    pub fn wait(&self) {
        let mut stopped = self.0.stopped.lock();
        while !*stopped {
            self.0.changed.wait(&mut stopped);
        }
    }
}
