//! Greets as often as its parameter says, and starts counting again when a service asks for it.

use std::process::ExitCode;
use std::time::Duration;

use msgs::std_msgs::msg::String as Text;
use msgs::std_srvs::srv::Trigger;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Output, Ports, Server};
use runtime::qos::Qos;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of the greeter.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {
    /// Who is greeted.
    name: String,
}

impl Default for Params {
    fn default() -> Self {
        Self { name: "world".into() }
    }
}

struct Greeter {
    name: String,
    count: u32,
    greetings: Output<Text>,
    restart: Server<Trigger>,
}

impl Node for Greeter {
    const NAME: &'static str = "greeter";
    type Params = Params;

    fn new(params: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(500));
        let greetings = ports.output("greetings", Qos::default())?;
        let restart = ports.server("~/restart")?;
        Ok(Self { name: params.name.clone(), count: 0, greetings, restart })
    }

    fn set_params(&mut self, params: &Params) {
        self.name.clone_from(&params.name);
    }

    fn step(&mut self, step: Step) {
        self.restart.serve(|_, answer| {
            (answer.success, answer.message) = (true, format!("after {} greetings", self.count));
            self.count = 0;
        });
        if step.due {
            self.count += 1;
            self.greetings.send(Text { data: format!("Hello {} ({})", self.name, self.count) });
        }
    }
}

fn main() -> ExitCode {
    runtime::run::<Greeter>()
}
