//! Which of the uploaded events are new: each is stored once, in order, however often it is sent.

use bridge_proto::v1::event::Body;
use bridge_proto::v1::{Event, EventUpload};

/// What is new in an upload.
#[derive(Debug, PartialEq)]
pub struct Fresh<'a> {
    /// To be stored, in order. Empty if all is known.
    pub events: &'a [Event],
    /// How many events before them never arrived and will not: dropped by a full spool, or stored once by a database that
    /// has forgotten them.
    pub missing: u64,
    /// What to acknowledge once they are stored.
    pub stored_up_to: u64,
}

/// Compares an upload with the highest sequence stored of its stream, 0 for a new one. The error says what is wrong with
/// an upload that no bridge sends: sequences with gaps or out of order.
pub fn fresh(stored_up_to: u64, upload: &EventUpload) -> Result<Fresh<'_>, String> {
    let mut expected = None;
    for event in &upload.events {
        let covered = covered(event);
        if event.sequence == 0 || covered == 0 || covered > event.sequence {
            return Err(format!("event {} stands for {covered}", event.sequence));
        }
        let first = event.sequence - covered + 1;
        if expected.is_some_and(|expected| expected != first) {
            return Err(format!("event {} does not follow the one before it", event.sequence));
        }
        expected = event.sequence.checked_add(1);
    }
    let known = upload.events.partition_point(|event| event.sequence <= stored_up_to);
    let events = upload.events.get(known..).unwrap_or_default();
    let missing = events.first().map_or(0, |first| match first.body {
        // Some of those that it stands for may have arrived before they were dropped.
        Some(Body::EventsLost(_)) => first.sequence - stored_up_to,
        _ => first.sequence - stored_up_to - 1,
    });
    let stored_up_to = events.last().map_or(stored_up_to, |last| last.sequence);
    Ok(Fresh { events, missing, stored_up_to })
}

/// How many sequences an event takes up.
fn covered(event: &Event) -> u64 {
    match &event.body {
        Some(Body::EventsLost(lost)) => lost.count,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridge_proto::v1::EventsLost;

    fn upload(events: &[(u64, u64)]) -> EventUpload {
        let event = |&(sequence, lost): &(u64, u64)| Event {
            sequence,
            body: (lost > 0).then_some(Body::EventsLost(EventsLost { count: lost })),
            ..Event::default()
        };
        EventUpload { events: events.iter().map(event).collect(), ..EventUpload::default() }
    }

    fn result(stored_up_to: u64, events: &[(u64, u64)]) -> Result<(Vec<u64>, u64, u64), String> {
        let upload = upload(events);
        let fresh = fresh(stored_up_to, &upload)?;
        Ok((fresh.events.iter().map(|e| e.sequence).collect(), fresh.missing, fresh.stored_up_to))
    }

    #[test]
    fn what_is_known_is_not_new() {
        assert_eq!(result(0, &[(1, 0), (2, 0)]), Ok((vec![1, 2], 0, 2)));
        assert_eq!(result(1, &[(1, 0), (2, 0)]), Ok((vec![2], 0, 2)));
        assert_eq!(result(5, &[(1, 0), (2, 0)]), Ok((vec![], 0, 5)));
        assert_eq!(result(5, &[]), Ok((vec![], 0, 5)));
    }

    #[test]
    fn what_is_lost_is_counted() {
        assert_eq!(result(0, &[(4, 4), (5, 0)]), Ok((vec![4, 5], 4, 5)));
        assert_eq!(
            result(2, &[(4, 4), (5, 0)]),
            Ok((vec![4, 5], 2, 5)),
            "two arrived before they were dropped"
        );
        assert_eq!(result(4, &[(4, 4), (5, 0)]), Ok((vec![5], 0, 5)));
        assert_eq!(result(0, &[(7, 0)]), Ok((vec![7], 6, 7)), "the database is an old one");
    }

    #[test]
    fn what_no_bridge_sends_is_refused() {
        for events in [
            &[(1, 0), (3, 0)][..],
            &[(2, 0), (1, 0)],
            &[(1, 0), (1, 0)],
            &[(0, 0)],
            &[(2, 3)],
            &[(1, 0), (4, 2)],
        ] {
            assert!(result(0, events).is_err(), "{events:?}");
        }
    }
}
