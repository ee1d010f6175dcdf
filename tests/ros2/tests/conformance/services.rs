//! Service calls both ways.

use std::sync::mpsc::sync_channel;

use hiroz::{Builder, entity::EndpointKind as TheirKind};
use hiroz_msgs::{example_interfaces, std_srvs};
use msgs::example_interfaces::srv::{AddTwoInts, AddTwoIntsRequest, AddTwoIntsResponse};
use msgs::std_srvs::srv::{SetBool, SetBoolRequest, SetBoolResponse, Trigger, TriggerResponse};
use msgs::{Message, Service};
use runtime::transport::{OnRequest, Transport, TypeRef};

use crate::peer::{LONG, Pair, until};

/// More than 256, so that the number beside a request has had every low byte.
const CALLS: i64 = 300;

fn answer_with<S: Service>(answer: impl Fn(S::Request) -> S::Response + Send + Sync + 'static) -> OnRequest {
    Box::new(move |request| {
        let answer = answer(S::Request::decode(&request.payload).unwrap());
        (request.answer)(answer.encode(0).unwrap());
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn they_call_us() {
    let pair = Pair::new();
    let add = answer_with::<AddTwoInts>(|r| AddTwoIntsResponse { sum: r.a.wrapping_add(r.b) });
    let set = answer_with::<SetBool>(|r| SetBoolResponse { success: r.data, message: "gesetzt: ✓".into() });
    let _add = pair.our_node.serve("/add", &TypeRef::service::<AddTwoInts>(), add).unwrap();
    let stop = answer_with::<Trigger>(|_| TriggerResponse { success: true, message: "stopping".into() });
    let _stop = pair.our_node.serve("/emergency_stop", &TypeRef::service::<Trigger>(), stop).unwrap();
    let _set = pair.our_node.serve("/set", &TypeRef::service::<SetBool>(), set).unwrap();
    let add = pair.their_node.create_client::<example_interfaces::srv::AddTwoInts>("/add").build().unwrap();
    let set = pair.their_node.create_client::<std_srvs::srv::SetBool>("/set").build().unwrap();
    let stop = pair.their_node.create_client::<std_srvs::srv::Trigger>("/emergency_stop").build().unwrap();
    until("the peer sees our services", || {
        ["/add", "/set", "/emergency_stop"]
            .iter()
            .all(|s| pair.theirs.graph().count_by_service(TheirKind::Service, s) == 1)
    });
    runtime().block_on(async {
        // Its request comes without the byte as which ROS sends a message without fields.
        let answer = stop.call_with_timeout(&std_srvs::TriggerRequest {}, LONG).await.unwrap();
        assert!(answer.success);
        for n in 0..CALLS {
            let request = example_interfaces::AddTwoIntsRequest { a: n, b: i64::MAX };
            let answer = add.call_with_timeout(&request, LONG).await.unwrap();
            assert_eq!(answer.sum, n.wrapping_add(i64::MAX));
        }
        for data in [true, false] {
            let answer = set.call_with_timeout(&std_srvs::SetBoolRequest { data }, LONG).await.unwrap();
            assert_eq!((answer.success, answer.message.as_str()), (data, "gesetzt: ✓"));
        }
    });
}

#[test]
fn we_call_them() {
    let pair = Pair::new();
    let mut add =
        pair.their_node.create_service::<example_interfaces::srv::AddTwoInts>("/add").build().unwrap();
    let mut set = pair.their_node.create_service::<std_srvs::srv::SetBool>("/set").build().unwrap();
    let adder = std::thread::Builder::new().name("adder".into());
    let adder = adder
        .spawn(move || {
            for _ in 0..CALLS {
                let request = add.take_request().unwrap();
                let sum = request.message().a.wrapping_add(request.message().b);
                request.reply_blocking(&example_interfaces::AddTwoIntsResponse { sum }).unwrap();
            }
        })
        .unwrap();
    let setter = std::thread::Builder::new().name("setter".into());
    let setter = setter
        .spawn(move || {
            let request = set.take_request().unwrap();
            let answer =
                std_srvs::SetBoolResponse { success: request.message().data, message: "done".into() };
            request.reply_blocking(&answer).unwrap();
        })
        .unwrap();
    let client = pair.our_node.client("/add", &TypeRef::service::<AddTwoInts>()).unwrap();
    assert!(
        pair.ours.graph().wait_for_service("/add", LONG) && pair.ours.graph().wait_for_service("/set", LONG)
    );
    for n in 0..CALLS {
        let (send, answers) = sync_channel(1);
        let request = AddTwoIntsRequest { a: n, b: i64::MAX }.encode(0).unwrap();
        client.call(request, LONG, Box::new(move |a| send.send(a).unwrap())).unwrap();
        let answer = answers.recv_timeout(2 * LONG).unwrap().unwrap();
        assert_eq!(AddTwoIntsResponse::decode(&answer).unwrap().sum, n.wrapping_add(i64::MAX));
    }
    let client = pair.our_node.client("/set", &TypeRef::service::<SetBool>()).unwrap();
    let (send, answers) = sync_channel(1);
    let request = SetBoolRequest { data: true }.encode(0).unwrap();
    client.call(request, LONG, Box::new(move |a| send.send(a).unwrap())).unwrap();
    let answer = SetBoolResponse::decode(&answers.recv_timeout(2 * LONG).unwrap().unwrap()).unwrap();
    assert_eq!((answer.success, answer.message.as_str()), (true, "done"));
    adder.join().unwrap();
    setter.join().unwrap();
}
