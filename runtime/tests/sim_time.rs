//! Nodes on the time of `/clock`.
#![allow(clippy::unwrap_used)] // in helpers too

mod live_common;

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use live_common::{LONG, World, send};
use msgs::rosgraph_msgs::msg::Clock;
use msgs::std_msgs::msg::String as Text;
use runtime::live::Live;
use runtime::node::{Node, NodeError, Step};
use runtime::ports::{Output, Ports, Queue};
use runtime::qos::Qos;
use runtime::time::Time;
use runtime::transport::{EndpointKind, Guard, Publish, Transport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {}

/// Says the time when its timer is due and when it is poked.
struct Ticker {
    pokes: Queue<Text>,
    ticks: Output<Text>,
}

impl Node for Ticker {
    const NAME: &'static str = "ticker";
    type Params = Params;

    fn new(_: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        ports.every(Duration::from_millis(100));
        Ok(Self {
            pokes: ports.trigger("poke", Qos::default())?,
            ticks: ports.output("ticks", Qos::default())?,
        })
    }

    fn step(&mut self, step: Step) {
        let now_ms = step.now.as_ns() / 1_000_000;
        if step.due {
            self.ticks.send(Text { data: format!("tick {now_ms}") });
        }
        while let Some(poke) = self.pokes.next() {
            let data = format!("{} {now_ms}", poke.data);
            self.ticks.send(Text { data });
        }
    }
}

struct Sim {
    clock: Arc<dyn Publish>,
    poke: Arc<dyn Publish>,
    ticks: Receiver<Text>,
    _guard: Guard,
    _live: Live,
}

impl Sim {
    fn new(world: &World, args: &[&str]) -> Self {
        let (ticks, guard) = world.listen::<Text>("/ticks", &Qos::default());
        let clock = world.publisher::<Clock>("/clock", &Qos::sensor().depth(1));
        let poke = world.publisher::<Text>("/poke", &Qos::default());
        let mut live = world.live(args);
        world.seen_by(&live, EndpointKind::Subscription, "/ticks");
        live.spawn::<Ticker>().unwrap();
        for topic in ["/clock", "/poke"] {
            let there = |g: &runtime::transport::Graph| {
                g.count(|e| e.kind == EndpointKind::Subscription && e.name == topic) == 1
            };
            assert!(world.outside.graph().wait_until(LONG, there), "{topic}");
        }
        Self { clock, poke, ticks, _guard: guard, _live: live }
    }

    fn set(&self, ms: i64) {
        send(&*self.clock, &Clock { clock: Time::from_ns(ms * 1_000_000).to_msg() });
    }

    /// Sets the time and waits until the node knows it; what it said until then.
    fn says_at(&self, ms: i64) -> Vec<String> {
        self.set(ms);
        let mut said = vec![];
        // Clock and pokes may overtake each other.
        loop {
            send(&*self.poke, &Text { data: "poke".into() });
            loop {
                let word = self.ticks.recv_timeout(LONG).unwrap().data;
                if word == format!("poke {ms}") {
                    return said;
                }
                if word.starts_with("poke") {
                    break;
                }
                said.push(word);
            }
        }
    }
}

#[test]
fn a_node_steps_by_the_clock_only() {
    let world = World::new();
    let sim = Sim::new(&world, &["-p", "use_sim_time:=true"]);
    // No time yet: only pokes step it.
    send(&*sim.poke, &Text { data: "poke".into() });
    assert_eq!(sim.ticks.recv_timeout(LONG).unwrap().data, "poke 0");
    let none: Vec<String> = vec![];
    // The grid begins with the first time: nothing is late.
    assert_eq!(sim.says_at(100_000), none);
    assert_eq!(sim.says_at(100_050), none);
    assert_eq!(sim.says_at(100_099), none);
    assert_eq!(sim.says_at(100_100), ["tick 100100"]);
    assert_eq!(sim.says_at(100_199), none);
    // A jump over several periods is one step, and the grid stays.
    assert_eq!(sim.says_at(100_570), ["tick 100570"]);
    assert_eq!(sim.says_at(100_599), none);
    assert_eq!(sim.says_at(100_600), ["tick 100600"]);
    // Back, as when a bag starts again: a new grid, at once.
    assert_eq!(sim.says_at(5_000), none);
    assert_eq!(sim.says_at(5_099), none);
    assert_eq!(sim.says_at(5_100), ["tick 5100"]);
    assert_eq!(sim.says_at(5_200), ["tick 5200"]);
}

#[test]
fn a_node_may_be_on_the_clock_by_its_own_name() {
    let world = World::new();
    let sim = Sim::new(&world, &["-p", "ticker:use_sim_time:=true"]);
    assert!(sim.says_at(7_000).is_empty());
    assert_eq!(sim.says_at(7_100), ["tick 7100"]);
}
