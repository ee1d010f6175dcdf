//! Payloads on their way from and to Zenoh: what is copied, and what is used again.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use zenoh::bytes::ZBytes;
use zenoh::internal::buffers::{ZBuf, ZSlice, ZSliceBuffer};
use zenoh::shm::ShmBuf;

use super::attachment::{self, Attachment};

/// Bytes on their way out, in the form that Zenoh takes without a copy.
#[derive(Debug, Default)]
struct Outgoing(Bytes);

impl ZSliceBuffer for Outgoing {
    fn as_slice(&self) -> &[u8] {
        &self.0
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// What goes around a sample on its way out. A publisher keeps one, so that publishing allocates nothing here.
pub struct Envelope {
    payload: Arc<Outgoing>,
    attachment: Arc<attachment::Encoded>,
}

impl Default for Envelope {
    fn default() -> Self {
        Self { payload: Arc::default(), attachment: Arc::new(Attachment::default().encode()) }
    }
}

impl Envelope {
    /// Payload and attachment for Zenoh.
    pub fn fill(&mut self, payload: Bytes, attachment: &Attachment) -> (ZBytes, ZBytes) {
        // What a cache or a subscriber in this process still holds is left to it.
        match Arc::get_mut(&mut self.payload) {
            Some(outgoing) => outgoing.0 = payload,
            None => self.payload = Arc::new(Outgoing(payload)),
        }
        match Arc::get_mut(&mut self.attachment) {
            Some(encoded) => *encoded = attachment.encode(),
            None => self.attachment = Arc::new(attachment.encode()),
        }
        (zbytes(&self.payload), zbytes(&self.attachment))
    }

    /// Lets go of the payload.
    pub fn empty(&mut self) {
        if let Some(outgoing) = Arc::get_mut(&mut self.payload) {
            outgoing.0 = Bytes::new();
        }
    }
}

fn zbytes<T: ZSliceBuffer + 'static>(buffer: &Arc<T>) -> ZBytes {
    ZBuf::from(ZSlice::from(Arc::clone(buffer))).into()
}

/// Owns a received payload and shows it as one slice.
struct OneSlice(ZBytes);

impl AsRef<[u8]> for OneSlice {
    fn as_ref(&self) -> &[u8] {
        self.0.slices().next().unwrap_or_default()
    }
}

/// Payloads up to this size are copied: a slice of them would keep Zenoh's whole receive buffer of 64 KiB, which then
/// can't be used again.
const COPIED: usize = 16 << 10;

/// A received payload. `None` if it was in shared memory that its sender has taken back meanwhile.
///
/// Zenoh's implicit use of shared memory gives a buffer back to its pool when the receiver has not confirmed for
/// 100 ms that it still reads, and a process may be stopped or starved for longer. So the bytes are copied out, and the
/// copy counts only if the buffer was still ours after it was made.
pub fn incoming(payload: &ZBytes) -> Option<Bytes> {
    if let Some(shared) = payload.as_shm() {
        let copy = Bytes::copy_from_slice(shared.as_ref());
        return shared.is_valid().then_some(copy);
    }
    let mut slices = payload.slices();
    Some(match (slices.next(), slices.next()) {
        (None, _) => Bytes::new(),
        (Some(one), None) if one.len() <= COPIED => Bytes::copy_from_slice(one),
        (Some(_), None) => Bytes::from_owner(OneSlice(payload.clone())),
        _ => {
            let mut joined = Vec::with_capacity(payload.len());
            payload.slices().for_each(|s| joined.extend_from_slice(s));
            joined.into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_used_again_unless_somebody_still_holds_it() {
        let mut envelope = Envelope::default();
        let attachment = Attachment { sequence: 1, ..Attachment::default() };
        let (one, _) = envelope.fill(Bytes::from_static(b"one"), &attachment);
        let first = Arc::as_ptr(&envelope.payload);
        let (two, second) = envelope.fill(Bytes::from_static(b"two"), &attachment);
        assert_ne!(Arc::as_ptr(&envelope.payload), first);
        assert_eq!((&*one.to_bytes(), &*two.to_bytes()), (&b"one"[..], &b"two"[..]));
        assert_eq!(Attachment::decode(&second.to_bytes()), Some(attachment));
        drop((one, two, second));
        let before = Arc::as_ptr(&envelope.payload);
        let (three, _) = envelope.fill(Bytes::from_static(b"three"), &attachment);
        assert_eq!(Arc::as_ptr(&envelope.payload), before);
        drop(three);
        envelope.empty();
        assert!(envelope.payload.0.is_empty());
    }

    #[test]
    fn payloads_of_any_form_come_in_whole() {
        for size in [0, 1, COPIED, COPIED + 1] {
            let data = vec![7; size];
            assert_eq!(incoming(&ZBytes::from(data.clone())).unwrap(), data);
        }
        let mut writer = ZBytes::writer();
        writer.append(ZBytes::from(vec![1; 100]));
        writer.append(ZBytes::from(vec![2; 100]));
        let joined = incoming(&writer.finish()).unwrap();
        assert_eq!((joined.len(), joined[99], joined[100]), (200, 1, 2));
    }
}
