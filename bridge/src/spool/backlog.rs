//! What waits, in memory: sequences, the size limit, and what is given up. Pure.

use std::collections::VecDeque;

use bridge_proto::v1::event::Body;
use bridge_proto::v1::{Event, EventsLost};
use prost::Message as _;

/// What an event takes up besides its bytes, roughly.
const OVERHEAD_BYTES: usize = 64;
/// What the event that counts the lost ones takes up at most.
const MARKER_BYTES: usize = 128;
/// When it is full, this share of it is given up at once, so that not every new event rewrites the oldest one.
const GIVEN_UP: usize = 16;

struct Entry {
    event: Event,
    size: usize,
}

impl From<Event> for Entry {
    fn from(event: Event) -> Self {
        Self { size: event.encoded_len() + OVERHEAD_BYTES, event }
    }
}

/// Events that wait, in order.
pub struct Backlog {
    entries: VecDeque<Entry>,
    last_sequence: u64,
    size: usize,
    limit: usize,
}

/// A change that is to be written before it is made.
pub struct Change {
    /// All up to this sequence goes.
    pub remove_up_to: u64,
    /// These come, with their sequences. The first may stand in the place of what goes.
    pub insert: Vec<Event>,
    /// The highest sequence given.
    pub last_sequence: u64,
    lost: u64,
}

impl Backlog {
    pub fn new(events: Vec<Event>, last_sequence: u64, limit: usize) -> Self {
        let entries: VecDeque<Entry> = events.into_iter().map(Entry::from).collect();
        Self { size: entries.iter().map(|e| e.size).sum(), entries, last_sequence, limit }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn last_sequence(&self) -> u64 {
        self.last_sequence
    }

    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.entries.iter().map(|entry| &entry.event)
    }

    /// What it takes to add events. Where they don't fit, the oldest are replaced by one that counts them.
    pub fn plan(&self, events: Vec<Event>) -> Change {
        let mut last_sequence = self.last_sequence;
        let mut number = |event| {
            last_sequence += 1;
            Entry::from(Event { sequence: last_sequence, ..event })
        };
        let new: Vec<Entry> = events.into_iter().map(&mut number).collect();
        let size = self.size + new.iter().map(|e| e.size).sum::<usize>();
        let mut excess = size.saturating_sub(self.limit);
        if excess > 0 {
            excess += self.limit / GIVEN_UP + MARKER_BYTES;
        }
        let mut marker: Option<Event> = None;
        let mut lost = 0;
        for entry in self.entries.iter().chain(&new) {
            if excess == 0 {
                break;
            }
            excess = excess.saturating_sub(entry.size);
            let count = marker.as_ref().map_or(0, covered) + covered(&entry.event);
            lost += u64::from(!matches!(entry.event.body, Some(Body::EventsLost(_))));
            marker = Some(Event {
                sequence: entry.event.sequence,
                occurred_at_unix_ns: entry.event.occurred_at_unix_ns,
                traceparent: String::new(),
                body: Some(Body::EventsLost(EventsLost { count })),
            });
        }
        let remove_up_to = marker.as_ref().map_or(0, |marker| marker.sequence);
        let kept = new.into_iter().map(|entry| entry.event).filter(|event| event.sequence > remove_up_to);
        let insert = marker.into_iter().chain(kept).collect();
        Change { remove_up_to, insert, last_sequence, lost }
    }

    /// Makes a change of [`Self::plan`], and tells how many events were given up.
    pub fn apply(&mut self, change: Change) -> u64 {
        self.remove_up_to(change.remove_up_to);
        self.last_sequence = change.last_sequence;
        let marks_loss = change.remove_up_to > 0;
        for (i, event) in change.insert.into_iter().enumerate() {
            let entry = Entry::from(event);
            self.size += entry.size;
            if marks_loss && i == 0 {
                self.entries.push_front(entry);
            } else {
                self.entries.push_back(entry);
            }
        }
        change.lost
    }

    pub fn remove_up_to(&mut self, sequence: u64) {
        while self.entries.front().is_some_and(|entry| entry.event.sequence <= sequence) {
            self.size -= self.entries.pop_front().map_or(0, |entry| entry.size);
        }
    }

    /// The next events, at least one if any waits.
    pub fn batch(&self, max_events: usize, max_bytes: usize) -> Vec<Event> {
        let mut bytes = 0;
        let fits = |entry: &&Entry| {
            bytes += entry.size;
            bytes <= max_bytes || bytes == entry.size
        };
        self.entries.iter().take(max_events).take_while(fits).map(|entry| entry.event.clone()).collect()
    }

    /// The same events, counted from 1.
    pub fn renumbered(&self) -> Self {
        let mut last_sequence = 0;
        let mut number = |event: &Event| {
            last_sequence += covered(event);
            Event { sequence: last_sequence, ..event.clone() }
        };
        let events: Vec<Event> = self.events().map(&mut number).collect();
        Self::new(events, last_sequence, self.limit)
    }
}

/// How many sequences an event takes up.
fn covered(event: &Event) -> u64 {
    match &event.body {
        Some(Body::EventsLost(lost)) => lost.count,
        _ => 1,
    }
}

/// Whether events follow each other without gaps up to `last_sequence`.
pub fn is_gapless(events: &[Event], last_sequence: u64) -> bool {
    let follows = |pair: &[Event]| match pair {
        [a, b] => b.sequence.checked_sub(covered(b)) == Some(a.sequence),
        _ => true,
    };
    events.windows(2).all(follows) && events.last().is_none_or(|last| last.sequence == last_sequence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridge_proto::v1::FaultsChanged;
    use proptest::prelude::*;

    fn event(bytes: usize) -> Event {
        let faults = FaultsChanged { level: 1, faults: vec!["x".repeat(bytes)] };
        Event { body: Some(Body::FaultsChanged(faults)), ..Event::default() }
    }

    fn append(backlog: &mut Backlog, events: Vec<Event>) -> u64 {
        let change = backlog.plan(events);
        backlog.apply(change)
    }

    proptest! {
        /// Whatever comes, goes and does not fit: sequences have no gaps, each is delivered once or counted as lost once,
        /// and the size keeps its limit.
        #[test]
        fn nothing_goes_without_being_counted(
            limit in 0_usize..4_000,
            steps in prop::collection::vec((0_usize..5, 0_usize..600, 0_usize..4), 1..60),
        ) {
            let mut backlog = Backlog::new(vec![], 0, limit);
            let (mut delivered, mut stored_up_to, mut appended) = (0, 0, 0);
            for (new, bytes, taken) in steps {
                appended += new as u64;
                append(&mut backlog, vec![event(bytes); new]);
                let events: Vec<Event> = backlog.events().cloned().collect();
                prop_assert!(is_gapless(&events, appended));
                prop_assert!(backlog.size <= limit || events.len() <= 1);
                prop_assert_eq!(backlog.size, events.iter().cloned().map(|e| Entry::from(e).size).sum::<usize>());
                for event in backlog.batch(taken, usize::MAX) {
                    prop_assert_eq!(event.sequence - covered(&event), stored_up_to);
                    delivered += covered(&event);
                    stored_up_to = event.sequence;
                }
                backlog.remove_up_to(stored_up_to);
            }
            let left: u64 = backlog.events().map(covered).sum();
            prop_assert_eq!(delivered + left, appended);
        }
    }

    #[test]
    fn the_oldest_make_room() {
        let mut backlog = Backlog::new(vec![], 0, 2_000);
        let lost: u64 = (0..20).map(|_| append(&mut backlog, vec![event(100)])).sum();
        let events: Vec<Event> = backlog.events().cloned().collect();
        assert_eq!(events[0].body, Some(Body::EventsLost(EventsLost { count: lost })));
        assert_eq!(events[0].sequence, lost);
        assert_eq!(lost + events.len() as u64 - 1, 20);
        assert!(events.len() > 8, "most of the room is used: {}", events.len());
    }

    #[test]
    fn counted_anew() {
        let mut backlog = Backlog::new(vec![], 0, 2_000);
        (0..20).for_each(|_| _ = append(&mut backlog, vec![event(100)]));
        backlog.remove_up_to(5);
        let anew = backlog.renumbered();
        let events: Vec<Event> = anew.events().cloned().collect();
        assert!(is_gapless(&events, anew.last_sequence()));
        assert_eq!(events[0].sequence - covered(&events[0]), 0);
    }
}
