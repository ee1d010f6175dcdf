//! Transient local: who comes late gets the last samples, both ways.

use std::sync::mpsc::sync_channel;

use hiroz::Builder;
use hiroz_msgs::std_msgs::String as TheirText;
use msgs::Message;
use msgs::std_msgs::msg::String as Text;
use runtime::qos::Qos;
use runtime::transport::{Transport, TypeRef};

use crate::peer::{LONG, inbox, our_transport, their_context, their_node, their_qos};

const WORDS: [&str; 4] = ["one", "two", "three", "four"];

#[test]
fn of_theirs_at_our_publisher() {
    let qos = Qos::state().depth(2);
    let (ours, endpoint) = our_transport();
    let node = ours.node("/", "talker").unwrap();
    let publisher = node.publisher("/state", &TypeRef::message::<Text>(), &qos).unwrap();
    for word in WORDS {
        publisher.publish(Text { data: word.into() }.encode(0).unwrap()).unwrap();
    }
    let theirs = their_context(&endpoint);
    let late = their_node(&theirs, "late");
    let (send, received) = sync_channel(10);
    let _subscription = late
        .create_sub::<TheirText>("/state")
        .with_qos(their_qos(&qos))
        .build_with_callback(move |text: TheirText| send.send(text.data).unwrap())
        .unwrap();
    let next = || received.recv_timeout(LONG).unwrap();
    assert_eq!([next(), next()], ["three", "four"]);
    // And then what is published from now on, once.
    publisher.publish(Text { data: "five".into() }.encode(0).unwrap()).unwrap();
    assert_eq!(received.recv_timeout(LONG).unwrap(), "five");
}

#[test]
fn of_ours_at_their_publisher() {
    let qos = Qos::state().depth(2);
    let (ours, endpoint) = our_transport();
    let theirs = their_context(&endpoint);
    let talker = their_node(&theirs, "talker");
    let publisher = talker.create_pub::<TheirText>("/state").with_qos(their_qos(&qos)).build().unwrap();
    for word in WORDS {
        publisher.publish(&TheirText { data: word.into() }).unwrap();
    }
    let late = ours.node("/", "late").unwrap();
    let (on_sample, samples) = inbox();
    let _subscription = late.subscribe("/state", &TypeRef::message::<Text>(), &qos, on_sample).unwrap();
    let next = || Text::decode(&samples.recv_timeout(LONG).unwrap().payload).unwrap().data;
    assert_eq!([next(), next()], ["three", "four"]);
    publisher.publish(&TheirText { data: "five".into() }).unwrap();
    assert_eq!(next(), "five");
}
