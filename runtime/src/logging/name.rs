//! Whose message it is.

use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    static LOGGER: RefCell<Option<Arc<str>>> = const { RefCell::new(None) };
}

/// The logger of a node: `/a/b/name` logs as `a.b.name`, as in `rcl`.
pub(crate) fn logger_of_node(full_name: &str) -> Arc<str> {
    full_name.trim_start_matches('/').replace('/', ".").into()
}

/// The logger of a module.
pub(super) fn logger_of_module(target: &str) -> String {
    target.replace("::", ".")
}

/// What this thread logs from now on is a node's.
pub(crate) fn set_thread_logger(logger: Arc<str>) {
    LOGGER.with(|l| *l.borrow_mut() = Some(logger));
}

/// The node whose thread this is.
pub(super) fn thread_logger() -> Option<Arc<str>> {
    // While a thread ends there is none any more.
    LOGGER.try_with(|l| l.borrow().clone()).ok().flatten()
}

/// What this thread logs is a node's until the scope is dropped.
pub(crate) fn scope(logger: &Arc<str>) -> Scope {
    Scope(LOGGER.with(|l| l.borrow_mut().replace(Arc::clone(logger))))
}

/// Gives a thread its former logger back when dropped.
pub(crate) struct Scope(Option<Arc<str>>);

impl Drop for Scope {
    fn drop(&mut self) {
        let _ = LOGGER.try_with(|l| *l.borrow_mut() = self.0.take());
    }
}
