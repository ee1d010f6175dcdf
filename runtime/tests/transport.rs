//! Two sessions of the Zenoh transport talk to each other: found by rendezvous, by router, after a router restart.
#![allow(clippy::unwrap_used)]

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use msgs::std_msgs::msg::String as Text;
use msgs::std_srvs::srv::{SetBool, SetBoolRequest, SetBoolResponse};
use msgs::{Message, Service};
use runtime::qos::Qos;
use runtime::transport::zenoh::{ZenohOptions, ZenohTransport};
use runtime::transport::{EndpointKind, OnSample, Sample, Transport, TypeRef};

const LONG: Duration = Duration::from_secs(10);

fn rendezvous(folder: &tempfile::TempDir) -> ZenohOptions {
    ZenohOptions { connect: vec![], rendezvous: Some(folder.path().into()), ..ZenohOptions::default() }
}

fn inbox() -> (OnSample, Receiver<Sample>) {
    let (send, receive) = sync_channel(100);
    (Box::new(move |s| drop(send.try_send(s))), receive)
}

fn text(data: &str) -> bytes::Bytes {
    Text { data: data.into() }.encode(0).unwrap()
}

#[test]
fn publish_subscribe_call_and_graph_without_a_router() {
    let folder = tempfile::tempdir().unwrap();
    let a = ZenohTransport::open(&rendezvous(&folder)).unwrap();
    let b = ZenohTransport::open(&rendezvous(&folder)).unwrap();
    let (talker, listener) = (a.node("/", "talker").unwrap(), b.node("/ns", "listener").unwrap());
    let ty = TypeRef::message::<Text>();
    let (on_sample, samples) = inbox();
    let _subscription = listener.subscribe("/chatter", &ty, &Qos::default(), on_sample).unwrap();
    let publisher = talker.publisher("/chatter", &ty, &Qos::default()).unwrap();
    assert!(a.graph().wait_until(LONG, |g| g.count(|e| e.kind == EndpointKind::Subscription) == 1));
    publisher.publish(text("one")).unwrap();
    let sample = samples.recv_timeout(LONG).unwrap();
    assert_eq!(Text::decode(&sample.payload).unwrap().data, "one");
    assert_eq!((sample.sequence, sample.source), (1, publisher.gid()));

    let server = talker
        .serve(
            "/toggle",
            &TypeRef::service::<SetBool>(),
            Box::new(|request| {
                let wish = SetBoolRequest::decode(&request.payload).unwrap();
                let answer = SetBoolResponse { success: wish.data, message: "done".into() };
                (request.answer)(answer.encode(0).unwrap());
            }),
        )
        .unwrap();
    let client = listener.client("/toggle", &TypeRef::service::<SetBool>()).unwrap();
    assert!(b.graph().wait_for_service("/toggle", LONG));
    let (send, answers) = sync_channel(1);
    let request = SetBoolRequest { data: true }.encode(0).unwrap();
    client.call(request.clone(), LONG, Box::new(move |a| send.send(a).unwrap())).unwrap();
    let answer = SetBoolResponse::decode(&answers.recv_timeout(LONG).unwrap().unwrap()).unwrap();
    assert_eq!((answer.success, answer.message.as_str()), (true, "done"));

    let nodes: Vec<_> = b.graph().nodes().iter().map(|n| n.full_name()).collect();
    assert_eq!(nodes, ["/talker", "/ns/listener"]);
    let service = b.graph().endpoints(|e| e.kind == EndpointKind::Service).remove(0);
    assert_eq!(
        (service.ty.name.as_str(), service.ty.hash.as_str()),
        (SetBool::TYPE_NAME, SetBool::TYPE_HASH)
    );
    drop((talker, server, publisher));
    assert!(b.graph().wait_until(LONG, |g| g.nodes().len() == 1 && g.services().is_empty()));
    // No server any more: the call ends with an error, and soon.
    let (send, answers) = sync_channel(1);
    client.call(request, Duration::from_millis(300), Box::new(move |a| send.send(a).unwrap())).unwrap();
    assert!(answers.recv_timeout(LONG).unwrap().is_err());
}

#[test]
fn late_joiners_get_the_last_samples_of_transient_local() {
    let folder = tempfile::tempdir().unwrap();
    let a = ZenohTransport::open(&rendezvous(&folder)).unwrap();
    let ty = TypeRef::message::<Text>();
    let qos = Qos::state().depth(2);
    let talker = a.node("/", "talker").unwrap();
    let publisher = talker.publisher("/state", &ty, &qos).unwrap();
    for word in ["one", "two", "three"] {
        publisher.publish(text(word)).unwrap();
    }
    let b = ZenohTransport::open(&rendezvous(&folder)).unwrap();
    let (on_sample, samples) = inbox();
    let node = b.node("/", "late").unwrap();
    let _subscription = node.subscribe("/state", &ty, &qos, on_sample).unwrap();
    let next = || Text::decode(&samples.recv_timeout(LONG).unwrap().payload).unwrap().data;
    assert_eq!([next(), next()], ["two", "three"]);
}

#[test]
fn a_router_introduces_and_may_be_restarted() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("tcp/127.0.0.1:{port}");
    let router_options = ZenohOptions { router: true, ..ZenohOptions::isolated(&[], &[&address]) };
    let leaf = ZenohOptions::isolated(&[&address], &[]);
    let router = ZenohTransport::open(&router_options).unwrap();
    let a = ZenohTransport::open(&leaf).unwrap();
    let b = ZenohTransport::open(&leaf).unwrap();
    let ty = TypeRef::message::<Text>();
    let talker = a.node("/", "talker").unwrap();
    let publisher = talker.publisher("/chatter", &ty, &Qos::default()).unwrap();
    let (on_sample, samples) = inbox();
    let listener = b.node("/", "listener").unwrap();
    let _subscription = listener.subscribe("/chatter", &ty, &Qos::default(), on_sample).unwrap();
    let sees = |t: &ZenohTransport, n| t.graph().wait_until(LONG, |g| g.nodes().len() == n);
    assert!(sees(&a, 2) && sees(&b, 2));
    drop(router);
    // Those who know each other go on without it.
    publisher.publish(text("alone")).unwrap();
    assert!(samples.recv_timeout(LONG).is_ok());
    let start = Instant::now();
    let _router = ZenohTransport::open(&router_options).unwrap();
    let c = ZenohTransport::open(&leaf).unwrap();
    let _late = c.node("/", "late").unwrap();
    assert!(sees(&a, 3) && sees(&b, 3) && sees(&c, 3));
    println!("router back and a newcomer known after {:?}", start.elapsed());
}

#[test]
fn domains_do_not_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let options = rendezvous(&folder);
    let a = ZenohTransport::open(&options).unwrap();
    let b = ZenohTransport::open(&ZenohOptions { domain_id: 7, ..options.clone() }).unwrap();
    let c = ZenohTransport::open(&options).unwrap();
    let _nodes = [a.node("/", "a").unwrap(), b.node("/", "b").unwrap()];
    assert!(c.graph().wait_until(LONG, |g| g.nodes().len() == 1));
    assert_eq!(c.graph().nodes()[0].name, "a");
    b.sync_graph(LONG);
    assert_eq!(b.graph().nodes().len(), 1);
}
