//! All interfaces of this crate, by name.

use std::sync::OnceLock;

use rosidl::TypeSet;

use crate::generated::INTERFACES;

/// A message or service of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Full name, e.g. `std_msgs/msg/String`.
    pub name: &'static str,
    /// RIHS01 hash.
    pub hash: &'static str,
    /// Text of its `.msg` or `.srv`.
    pub source: &'static str,
}

/// All messages and services, messages first, each sorted by name.
pub fn interfaces() -> impl Iterator<Item = Interface> {
    INTERFACES.iter().map(|&(name, hash, source)| Interface { name, hash, source })
}

/// The interface of that full name.
pub fn interface(name: &str) -> Option<Interface> {
    interfaces().find(|i| i.name == name)
}

/// All definitions, parsed once.
pub fn types() -> &'static TypeSet {
    static TYPES: OnceLock<TypeSet> = OnceLock::new();
    TYPES.get_or_init(|| {
        let mut set = TypeSet::default();
        for i in interfaces() {
            // They were parsed by the same parser when this crate was built.
            let _ = if i.name.contains("/srv/") {
                set.add_srv(i.name, i.source)
            } else {
                set.add_msg(i.name, i.source)
            };
        }
        set
    })
}
