//! The stream of events over a WebSocket.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::service::Service;

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

const ORDER: &str =
    r#"{"pickup": {"lat": 24.4539, "lng": 54.3773}, "destination": {"lat": 25.2048, "lng": 55.2708}}"#;

fn connect(service: &Service, query: &str) -> Socket {
    let address = service.base().replacen("http", "ws", 1);
    let request = format!("{address}/api/v1/stream{query}").into_client_request().unwrap();
    service.runtime().block_on(connect_async(request)).unwrap().0
}

fn next(service: &Service, socket: &mut Socket, kind: &str) -> Value {
    service.runtime().block_on(async {
        loop {
            let message = timeout(Duration::from_secs(20), socket.next())
                .await
                .expect("a frame in time")
                .unwrap()
                .unwrap();
            if let Message::Text(text) = message {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["type"] == kind {
                    return frame;
                }
            }
        }
    })
}

#[test]
fn events_arrive_in_order_and_are_resumed_without_gaps() {
    let service = Service::start();
    let mut socket = connect(&service, "");
    let heartbeat = next(&service, &mut socket, "heartbeat");
    assert!(heartbeat["sequence"].is_i64());
    let trips: Vec<Value> =
        (0..3).map(|_| service.post("/api/v1/trips", ORDER).json["trip_id"].clone()).collect();
    let mut sequences = vec![];
    for trip in &trips {
        let event = next(&service, &mut socket, "event")["event"].clone();
        assert_eq!((&event["kind"], &event["data"]["trip_id"]), (&"trip.created".into(), trip));
        sequences.push(event["sequence"].as_i64().unwrap());
    }
    drop(socket);
    let mut socket = connect(&service, &format!("?after={}", sequences[0]));
    let resumed: Vec<i64> =
        (0..2).map(|_| next(&service, &mut socket, "event")["event"]["sequence"].as_i64().unwrap()).collect();
    assert_eq!(resumed, sequences[1..]);
    assert_eq!(service.get("/websocket/stats").json["dropped_slow"], 0);
}

#[test]
fn the_end_of_the_service_is_told() {
    let mut service = Service::start();
    let mut socket = connect(&service, "");
    next(&service, &mut socket, "heartbeat");
    service.stop();
    let closed = service.runtime().block_on(async {
        loop {
            match timeout(Duration::from_secs(20), socket.next()).await.expect("the close in time") {
                Some(Ok(Message::Close(frame))) => return frame,
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    });
    assert_eq!(u16::from(closed.unwrap().code), 1012);
}

#[test]
fn a_stream_needs_rights_like_everything_else() {
    let service = Service::with(|config| config.anonymous_role = None);
    assert_eq!(service.get("/api/v1/stream").status, 401);
}
