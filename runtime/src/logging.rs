//! Logging of node programs, in ROS's form: `[INFO] [1700000000.123456789] [planning_node]: text` on stderr, and every
//! message on `/rosout`.
//!
//! Code logs with `tracing`. The logger is the node whose thread it is, or the node named by a field `node` of a
//! surrounding span, else the module: `runtime::live` is logger `runtime.live`. Names form a tree by their dots; a
//! logger without a level of its own has that of its parent. Libraries of others say only what is an error unless a
//! level is set for them by name (`--log-level zenoh:=debug`).

mod console;
mod layer;
mod levels;
mod name;
pub(crate) mod rosout;

use tracing_subscriber::layer::SubscriberExt;

use crate::args::RosArgs;
pub use layer::RosLayer;
pub use levels::{LevelError, effective_level, level, set_level};
pub(crate) use name::{logger_of_node, scope, set_thread_logger};

/// Sets up logging for this process after its `--ros-args`. False if something else has set it up before.
pub fn init(args: &RosArgs) -> bool {
    let subscriber = tracing_subscriber::registry().with(RosLayer::new(args));
    let first = tracing::subscriber::set_global_default(subscriber).is_ok();
    if first && (args.log_config_file.is_some() || args.log_file_name.is_some()) {
        tracing::warn!(
            "--log-config-file and --log-file-name have no effect: redirect stderr to keep the log"
        );
    }
    first
}
