//! A certificate gives access to the keys of its holder, and to nothing else.

// All of this is test code.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use bridge_proto::v1::Hello;
use bridge_proto::{Holder, PROTOCOL_VERSION, Suffix};
use fleetd::link::{Link, LinkError};
use link_tests::{Cloud, Files, Vehicle, bare_session, command, emergency_stop, scope, until};
use prost::Message as _;

const WAIT: Duration = Duration::from_secs(2);

struct Scene {
    files: Files,
    cloud: Arc<Cloud>,
    link: Link,
    endpoint: String,
}

async fn scene() -> Scene {
    let files = Files::of_vehicles(&["A", "B", "unknown"]);
    let cloud = Arc::new(Cloud::default());
    let link = cloud.open(&files, "quic/127.0.0.1:0", &[scope("A").into(), scope("B").into()]).await;
    let endpoint = link.endpoints().await.remove(0);
    Scene { files, cloud, link, endpoint }
}

fn hello() -> Vec<u8> {
    Hello { protocol_version: PROTOCOL_VERSION, session_id: vec![7; 16], ..Hello::default() }.encode_to_vec()
}

/// Whether a query gets an answer.
async fn is_answered(session: &zenoh::Session, key: &str, payload: Vec<u8>) -> bool {
    let replies = session.get(key).payload(payload).timeout(WAIT).await.unwrap();
    while let Ok(reply) = replies.recv_async().await {
        if reply.result().is_ok() {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_cannot_act_as_another() {
    let Scene { files, cloud, link, endpoint } = scene().await;
    let b = bare_session(&endpoint, &files.pki(), Some(&Holder::from(scope("B")))).await.unwrap();
    // What it may: so that silence below is a refusal.
    assert!(is_answered(&b, &scope("B").key(Suffix::Hello), hello()).await);
    for key in
        ["atlasmesh/v1/default/A/session/hello", "atlasmesh/v1/*/*/session/hello", "atlasmesh/**", "**"]
    {
        assert!(!is_answered(&b, key, hello()).await, "{key}");
    }
    assert_eq!(cloud.session(&scope("A")), None);

    for key in [scope("A").key(Suffix::Telemetry), "atlasmesh/v1/default/*/telemetry/state".into()] {
        b.put(key, vec![0xff]).await.unwrap();
    }
    b.put(scope("B").key(Suffix::Telemetry), vec![0xff]).await.unwrap();
    until("what B sent under its own key", || !cloud.undecodable.lock().is_empty()).await;
    let undecodable = cloud.undecodable.lock().clone();
    assert!(undecodable.len() == 1 && undecodable[0].contains("/B/telemetry"), "{undecodable:?}");

    // It offers to take commands for A.
    let _queryables = [
        b.declare_queryable(scope("A").key(Suffix::Command([1; 16]))).await.unwrap(),
        b.declare_queryable("atlasmesh/v1/default/A/**").await.unwrap(),
        b.declare_queryable("**").await.unwrap(),
    ];
    let own = b.declare_queryable(scope("B").key(Suffix::Command([1; 16]))).await.unwrap();
    let stop = command(&cloud, WAIT, emergency_stop());
    let (asked, sent) = tokio::join!(own.recv_async(), async {
        // Until the declaration has arrived there is nobody to ask.
        loop {
            let sent = link.command(&scope("B"), [1; 16], &stop, WAIT).await;
            if !matches!(sent, Err(LinkError::Unreachable(_))) {
                return sent;
            }
        }
    });
    assert!(asked.is_ok() && sent.is_err());
    let refused = link.command(&scope("A"), [1; 16], &stop, WAIT).await;
    assert!(matches!(refused, Err(LinkError::Unreachable(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_cannot_listen_to_another() {
    let Scene { files, cloud, link, endpoint } = scene().await;
    let b = bare_session(&endpoint, &files.pki(), Some(&Holder::from(scope("B")))).await.unwrap();
    let mut subscribers = vec![];
    for key in ["atlasmesh/v1/default/A/telemetry/state", "atlasmesh/v1/default/B/**", "atlasmesh/**", "**"] {
        subscribers.push(b.declare_subscriber(key).await.unwrap());
    }
    let liveliness = b.liveliness().declare_subscriber("**").history(true).await.unwrap();
    let a = Vehicle::start(&files, "A", &endpoint, &files.folder("a")).await;
    until("reports of A", || {
        a.report(1.0);
        cloud.telemetry.lock().contains_key(&scope("A"))
    })
    .await;
    let stop = command(&cloud, WAIT, emergency_stop());
    link.command(&scope("A"), a.uplink.session_id(), &stop, WAIT).await.unwrap();
    for subscriber in &subscribers {
        assert!(subscriber.try_recv().unwrap().is_none(), "{}", subscriber.key_expr());
    }
    assert!(liveliness.try_recv().unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_certificate_of_the_authority_nobody_comes_in() {
    let Scene { files, cloud: _cloud, link: _link, endpoint } = scene().await;
    let holder = Holder::from(scope("A"));
    assert!(bare_session(&endpoint, &files.pki(), Some(&holder)).await.is_ok());
    assert!(bare_session(&endpoint, &files.pki(), None).await.is_err(), "no certificate");
    // The right name, from another authority, but trusting the cloud's.
    let others = Files::of_vehicles(&["A"]);
    std::fs::copy(files.pki().ca().certificate, others.pki().ca().certificate).unwrap();
    assert!(bare_session(&endpoint, &others.pki(), Some(&holder)).await.is_err(), "another authority");
    assert!(
        bare_session(&endpoint.replace("quic/", "tcp/"), &files.pki(), Some(&holder)).await.is_err(),
        "no encryption"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_that_is_not_known_is_not_heard() {
    let Scene { files, cloud, link: _link, endpoint } = scene().await;
    let holder = Holder::from(scope("unknown"));
    let unknown = bare_session(&endpoint, &files.pki(), Some(&holder)).await.unwrap();
    assert!(!is_answered(&unknown, &scope("unknown").key(Suffix::Hello), hello()).await);
    assert_eq!(cloud.session(&scope("unknown")), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vehicle_does_not_talk_to_an_impostor() {
    let files = Files::of_vehicles(&["A"]);
    let impostor = Files::of_vehicles(&["A"]);
    let cloud = Arc::new(Cloud::default());
    let link = cloud.open(&impostor, "quic/127.0.0.1:0", &[scope("A").into()]).await;
    let endpoint = link.endpoints().await.remove(0);
    assert!(bare_session(&endpoint, &files.pki(), Some(&Holder::from(scope("A")))).await.is_err());
}
