//! A managed node goes through its states when others ask it to.
#![allow(clippy::unwrap_used)] // in helpers too

mod live_common;

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};

use live_common::{LONG, World};
use msgs::Message;
use msgs::lifecycle_msgs::msg::{Transition as TransitionMsg, TransitionEvent};
use msgs::lifecycle_msgs::srv::{
    ChangeState, ChangeStateRequest, ChangeStateResponse, GetAvailableStates, GetAvailableStatesRequest,
    GetAvailableTransitions, GetAvailableTransitionsRequest, GetState, GetStateRequest,
};
use msgs::std_msgs::msg::String as Text;
use runtime::live::Live;
use runtime::node::{Kind, Node, NodeError, Step, Transition};
use runtime::ports::{Output, Ports, Queue};
use runtime::qos::Qos;
use runtime::transport::{EndpointKind, Transport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {
    /// The transition that is refused.
    refuse: String,
    /// The transition that panics.
    panic: String,
    /// The transition that waits for `HOLD`.
    hold: String,
}

/// Lets a held transition go on.
static HOLD: Mutex<Option<Receiver<()>>> = Mutex::new(None);

/// Repeats what it hears, while active.
struct Echo<const AUTOSTART: bool> {
    params: Params,
    heard: Queue<Text>,
    said: Output<Text>,
}

impl<const AUTOSTART: bool> Node for Echo<AUTOSTART> {
    const NAME: &'static str = "echo";
    const KIND: Kind = Kind::Managed { autostart: AUTOSTART };
    type Params = Params;

    fn new(params: &Params, ports: &mut Ports<'_>) -> Result<Self, NodeError> {
        let (heard, said) = (ports.trigger("heard", Qos::default())?, ports.output("said", Qos::default())?);
        Ok(Self { params: params.clone(), heard, said })
    }

    fn step(&mut self, _: Step) {
        while let Some(heard) = self.heard.next() {
            self.said.send(heard.message.clone());
        }
    }

    fn set_params(&mut self, params: &Params) {
        self.params = params.clone();
    }

    fn transition(&mut self, transition: Transition) -> bool {
        let name = format!("{transition:?}").to_lowercase();
        assert_ne!(self.params.panic, name, "this panic belongs to the test");
        if self.params.hold == name {
            let hold = HOLD.lock().unwrap().take().unwrap();
            hold.recv().unwrap();
        }
        self.params.refuse != name
    }
}

fn wish(id: u8, label: &str) -> ChangeStateRequest {
    ChangeStateRequest { transition: TransitionMsg { id, label: label.into() } }
}

fn change(world: &World, label: &str) -> bool {
    world.call::<ChangeState>("/echo/change_state", &wish(0, label)).success
}

fn state(world: &World) -> (u8, String) {
    let state = world.call::<GetState>("/echo/get_state", &GetStateRequest {}).current_state;
    (state.id, state.label)
}

fn is(id: u8, label: &str) -> (u8, String) {
    (id, label.into())
}

fn start<const AUTOSTART: bool>(world: &World, args: &[&str]) -> Live {
    let mut live = world.live(args);
    for topic in ["/said", "/echo/transition_event"] {
        world.seen_by(&live, EndpointKind::Subscription, topic);
    }
    live.spawn::<Echo<AUTOSTART>>().unwrap();
    live
}

#[test]
fn through_all_states() {
    let world = World::new();
    let (said, _said) = world.listen::<Text>("/said", &Qos::default());
    let (events, _events) = world.listen::<TransitionEvent>("/echo/transition_event", &Qos::default());
    let heard = world.publisher::<Text>("/heard", &Qos::default());
    let live = start::<false>(&world, &[]);
    assert!(world.outside.graph().wait_until(LONG, |g| {
        g.count(|e| e.kind == EndpointKind::Subscription && e.name == "/heard") == 1
    }));
    let event = || {
        let e = events.recv_timeout(LONG).unwrap();
        assert!(e.timestamp > 1_600_000_000_000_000_000);
        (e.transition.id, e.start_state.id, e.goal_state.id)
    };
    let available = || {
        let request = GetAvailableTransitionsRequest {};
        let answer = world.call::<GetAvailableTransitions>("/echo/get_available_transitions", &request);
        answer.available_transitions.iter().map(|t| t.transition.id).collect::<Vec<_>>()
    };

    assert_eq!((state(&world), available()), (is(1, "unconfigured"), vec![1, 5]));
    assert!(!change(&world, "activate"), "not from here");
    // Waits until it is active.
    live_common::send(&*heard, &Text { data: "early".into() });
    assert!(change(&world, "configure"));
    assert_eq!((event(), event()), ((1, 1, 10), (10, 10, 2)));
    assert_eq!((state(&world), available()), (is(2, "inactive"), vec![2, 3, 6]));
    assert!(world.call::<ChangeState>("/echo/change_state", &wish(3, "")).success, "by id");
    assert_eq!((event(), event()), ((3, 2, 13), (30, 13, 3)));
    assert_eq!((state(&world), available()), (is(3, "active"), vec![4, 7]));
    assert_eq!(said.recv_timeout(LONG).unwrap().data, "early");
    live_common::send(&*heard, &Text { data: "now".into() });
    assert_eq!(said.recv_timeout(LONG).unwrap().data, "now");
    assert!(change(&world, "deactivate") && change(&world, "cleanup") && change(&world, "shutdown"));
    let rest: Vec<_> = (0..6).map(|_| event()).collect();
    assert_eq!(rest, [(4, 3, 14), (40, 14, 2), (2, 2, 11), (20, 11, 1), (5, 1, 12), (50, 12, 4)]);
    assert_eq!((state(&world), available()), (is(4, "finalized"), vec![]));
    assert!(!change(&world, "configure"));

    let states =
        world.call::<GetAvailableStates>("/echo/get_available_states", &GetAvailableStatesRequest {});
    assert_eq!(states.available_states.len(), 11);
    let graph = world
        .call::<GetAvailableTransitions>("/echo/get_transition_graph", &GetAvailableTransitionsRequest {});
    assert_eq!(graph.available_transitions.len(), 25);
    drop(live);
    assert!(world.outside.graph().wait_until(LONG, |g| g.count(|e| e.node.name == "echo") == 0));
}

#[test]
fn a_refused_transition_leads_back() {
    let world = World::new();
    let (_said, _s) = world.listen::<Text>("/said", &Qos::default());
    let (events, _e) = world.listen::<TransitionEvent>("/echo/transition_event", &Qos::default());
    let _live = start::<false>(&world, &["-p", "refuse:=activate"]);
    assert!(change(&world, "configure"));
    assert!(!change(&world, "activate"));
    assert_eq!(state(&world), is(2, "inactive"));
    let ids: Vec<_> = (0..4).map(|_| events.recv_timeout(LONG).unwrap().transition.id).collect();
    assert_eq!(ids, [1, 10, 3, 31]);
}

#[test]
fn a_panic_finalizes() {
    let world = World::new();
    let (_said, _s) = world.listen::<Text>("/said", &Qos::default());
    let (events, _e) = world.listen::<TransitionEvent>("/echo/transition_event", &Qos::default());
    let live = start::<false>(&world, &["-p", "panic:=configure"]);
    assert!(!change(&world, "configure"));
    let ids: Vec<_> = (0..3).map(|_| events.recv_timeout(LONG).unwrap().transition.id).collect();
    assert_eq!(ids, [1, 12, 61]);
    assert_eq!(state(&world), is(4, "finalized"));
    assert!(!change(&world, "configure"));
    // The program does not go on without its node.
    assert!(live.run().unwrap_err().to_string().contains("panic"));
}

#[test]
fn autostart_and_wishes_in_a_row() {
    let world = World::new();
    let (_said, _s) = world.listen::<Text>("/said", &Qos::default());
    let (events, _e) = world.listen::<TransitionEvent>("/echo/transition_event", &Qos::default());
    let (release, hold) = sync_channel(0);
    *HOLD.lock().unwrap() = Some(hold);
    let _live = start::<true>(&world, &["-p", "hold:=deactivate"]);
    let next = || events.recv_timeout(LONG).unwrap().transition.id;
    assert_eq!([next(), next(), next(), next()], [1, 10, 3, 30]);
    let first = world.ask::<ChangeState>("/echo/change_state", &wish(0, "deactivate"));
    assert_eq!(next(), 4);
    assert_eq!(state(&world), is(14, "deactivating"));
    // Waits for the one under way: from its state there would be no such transition.
    let second = world.ask::<ChangeState>("/echo/change_state", &wish(0, "cleanup"));
    assert_eq!(state(&world), is(14, "deactivating"));
    assert!(second.try_recv().is_err());
    release.send(()).unwrap();
    for answer in [first, second] {
        let bytes = answer.recv_timeout(LONG).unwrap().unwrap();
        assert!(ChangeStateResponse::decode(&bytes).unwrap().success);
    }
    assert_eq!(state(&world), is(1, "unconfigured"));
}
