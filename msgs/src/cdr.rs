//! CDR, the wire format of ROS 2 messages (OMG DDS-XTypes 1.3 §7.4.3, "plain CDR", little endian), with the
//! encapsulation header that `rmw_zenoh`, rosbag2 and DDS put in front.
//!
//! Decoding is safe on bytes from outside: no panic, and no allocation beyond a small multiple of the input.
//! `uint8[]` decodes without a copy, as a slice of the received buffer.

use bytes::Bytes;

/// Encapsulation header: representation CDR_LE (0x0001), options 0.
pub const HEADER: [u8; 4] = [0x00, 0x01, 0x00, 0x00];

/// Why bytes are not a message, or a message can't become bytes.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum CdrError {
    /// The bytes end inside a value.
    #[error("message ends at byte {at}, {missing} bytes short")]
    Truncated {
        /// Length of the input, bytes.
        at: usize,
        /// How many bytes are missing at least.
        missing: usize,
    },
    /// The first four bytes are not a little-endian plain CDR header.
    #[error("unknown encapsulation {0:02x?}: only little-endian plain CDR (00 01 00 00) is supported")]
    Encapsulation([u8; 4]),
    /// A bool that is neither 0 nor 1.
    #[error("byte {0:#04x} is not a bool")]
    Bool(u8),
    /// A bounded string or sequence is too long.
    #[error("{field} has {len} elements, at most {bound} are allowed")]
    Bound {
        /// Field name.
        field: &'static str,
        /// Actual length.
        len: usize,
        /// Bound in the definition.
        bound: usize,
    },
}

/// A value with a CDR form.
pub trait Cdr: Sized {
    /// Fewest bytes on the wire, at least 1. Bounds the memory that a length from outside can claim.
    const MIN_SIZE: usize;
    /// Appends the value.
    fn write(&self, w: &mut CdrWriter);
    /// Takes a value.
    fn read(r: &mut CdrReader<'_>) -> Result<Self, CdrError>;
    /// Appends values without a length.
    fn write_slice(items: &[Self], w: &mut CdrWriter) {
        items.iter().for_each(|i| i.write(w));
    }
    /// Takes `n` values; the caller has checked that `n * MIN_SIZE` bytes are left.
    fn read_vec(n: usize, r: &mut CdrReader<'_>) -> Result<Vec<Self>, CdrError> {
        let mut items = Vec::with_capacity(n);
        for _ in 0..n {
            items.push(Self::read(r)?);
        }
        Ok(items)
    }
}

/// Writes CDR into a growing buffer.
pub struct CdrWriter {
    buffer: Vec<u8>,
    error: Option<CdrError>,
}

impl CdrWriter {
    /// A writer whose buffer holds `capacity` bytes before it grows, and the header.
    pub fn with_capacity(capacity: usize) -> Self {
        let mut buffer = Vec::with_capacity(capacity.max(HEADER.len()));
        buffer.extend_from_slice(&HEADER);
        Self { buffer, error: None }
    }

    /// The bytes, header included, or the first bound that was violated.
    pub fn finish(self) -> Result<Vec<u8>, CdrError> {
        self.error.map_or(Ok(self.buffer), Err)
    }

    /// Notes an error if `len` exceeds `bound`.
    pub fn check_bound(&mut self, field: &'static str, len: usize, bound: usize) {
        if len > bound && self.error.is_none() {
            self.error = Some(CdrError::Bound { field, len, bound });
        }
    }

    fn align(&mut self, to: usize) {
        let position = self.buffer.len() - HEADER.len();
        let padding = position.wrapping_neg() & (to - 1);
        self.buffer.resize(self.buffer.len() + padding, 0);
    }

    pub(crate) fn length(&mut self, len: usize) {
        // CDR lengths are 32 bits; a longer sequence does not fit into memory that a message may use.
        match u32::try_from(len) {
            Ok(n) => n.write(self),
            Err(_) => self.check_bound("sequence", len, u32::MAX as usize),
        }
    }
}

/// Checks that none of `texts` is longer than `bound` bytes.
pub fn check_texts<'a>(
    field: &'static str,
    texts: impl IntoIterator<Item = &'a String>,
    bound: usize,
) -> Result<(), CdrError> {
    match texts.into_iter().map(String::len).find(|len| *len > bound) {
        Some(len) => Err(CdrError::Bound { field, len, bound }),
        None => Ok(()),
    }
}

/// Reads CDR.
pub struct CdrReader<'a> {
    data: &'a [u8],
    position: usize,
    owner: Option<&'a Bytes>,
}

impl<'a> CdrReader<'a> {
    /// Reads a message with its header; `uint8[]` fields are copied.
    pub fn new(message: &'a [u8]) -> Result<Self, CdrError> {
        let (header, data) = message
            .split_first_chunk::<4>()
            .ok_or(CdrError::Truncated { at: message.len(), missing: 4 - message.len().min(4) })?;
        // The options' low bits may carry the number of padding bytes; they do not matter to a reader.
        if header[..2] != HEADER[..2] {
            return Err(CdrError::Encapsulation(*header));
        }
        Ok(Self { data, position: 0, owner: None })
    }

    /// Reads a message with its header; `uint8[]` fields are slices of it.
    pub fn shared(message: &'a Bytes) -> Result<Self, CdrError> {
        Ok(Self { owner: Some(message), ..Self::new(message)? })
    }

    /// Bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.data.len() - self.position
    }

    fn align(&mut self, to: usize) {
        let padding = self.position.wrapping_neg() & (to - 1);
        self.position = (self.position + padding).min(self.data.len());
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], CdrError> {
        let missing = n.saturating_sub(self.remaining());
        if missing > 0 {
            return Err(CdrError::Truncated { at: self.data.len() + HEADER.len(), missing });
        }
        let bytes = &self.data[self.position..self.position + n];
        self.position += n;
        Ok(bytes)
    }

    /// Takes the one byte as which a message without fields travels. Some writers leave it out (`hiroz`), so the end of
    /// the bytes is fine, too: an emergency stop must not fail over a byte that says nothing.
    pub fn read_placeholder(&mut self) -> Result<(), CdrError> {
        if self.remaining() > 0 { self.take(1).map(drop) } else { Ok(()) }
    }

    /// Takes a sequence length and checks that so many elements of at least `min_size` bytes can follow.
    pub(crate) fn length(&mut self, min_size: usize) -> Result<usize, CdrError> {
        let n = u32::read(self)? as usize;
        let missing = n.saturating_mul(min_size).saturating_sub(self.remaining());
        if missing > 0 {
            return Err(CdrError::Truncated { at: self.data.len() + HEADER.len(), missing });
        }
        Ok(n)
    }

    /// Takes a sequence of at most `bound` elements.
    pub fn read_bounded<T: Cdr>(&mut self, field: &'static str, bound: usize) -> Result<Vec<T>, CdrError> {
        let len = self.length(T::MIN_SIZE)?;
        if len > bound {
            return Err(CdrError::Bound { field, len, bound });
        }
        T::read_vec(len, self)
    }
}

macro_rules! number {
    ($($t:ty),*) => {$(
        impl Cdr for $t {
            const MIN_SIZE: usize = size_of::<$t>();
            #[inline]
            fn write(&self, w: &mut CdrWriter) {
                w.align(size_of::<$t>());
                w.buffer.extend_from_slice(&self.to_le_bytes());
            }
            #[inline]
            fn read(r: &mut CdrReader<'_>) -> Result<Self, CdrError> {
                r.align(size_of::<$t>());
                let bytes = r.take(size_of::<$t>())?;
                let mut value = [0; size_of::<$t>()];
                value.copy_from_slice(bytes);
                Ok(<$t>::from_le_bytes(value))
            }
            fn write_slice(items: &[Self], w: &mut CdrWriter) {
                if items.is_empty() {
                    return;
                }
                w.align(size_of::<$t>());
                w.buffer.extend(items.iter().flat_map(|i| i.to_le_bytes()));
            }
            fn read_vec(n: usize, r: &mut CdrReader<'_>) -> Result<Vec<Self>, CdrError> {
                if n == 0 {
                    return Ok(Vec::new());
                }
                r.align(size_of::<$t>());
                let bytes = r.take(n * size_of::<$t>())?;
                let (chunks, _) = bytes.as_chunks::<{ size_of::<$t>() }>();
                Ok(chunks.iter().map(|c| <$t>::from_le_bytes(*c)).collect())
            }
        }
    )*};
}
number!(i8, i16, u16, i32, u32, i64, u64, f32, f64);

impl Cdr for u8 {
    const MIN_SIZE: usize = 1;
    #[inline]
    fn write(&self, w: &mut CdrWriter) {
        w.buffer.push(*self);
    }
    #[inline]
    fn read(r: &mut CdrReader<'_>) -> Result<Self, CdrError> {
        Ok(r.take(1)?[0])
    }
    fn write_slice(items: &[Self], w: &mut CdrWriter) {
        w.buffer.extend_from_slice(items);
    }
    fn read_vec(n: usize, r: &mut CdrReader<'_>) -> Result<Vec<Self>, CdrError> {
        Ok(r.take(n)?.to_vec())
    }
}

impl Cdr for bool {
    const MIN_SIZE: usize = 1;
    fn write(&self, w: &mut CdrWriter) {
        w.buffer.push(u8::from(*self));
    }
    fn read(r: &mut CdrReader<'_>) -> Result<Self, CdrError> {
        match r.take(1)?[0] {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(CdrError::Bool(other)),
        }
    }
}

impl Cdr for String {
    const MIN_SIZE: usize = 4;
    fn write(&self, w: &mut CdrWriter) {
        w.length(self.len() + 1);
        w.buffer.extend_from_slice(self.as_bytes());
        w.buffer.push(0);
    }
    fn read(r: &mut CdrReader<'_>) -> Result<Self, CdrError> {
        // Some writers send length 0 for an empty string, others leave out the terminating zero.
        let n = r.length(1)?;
        let bytes = r.take(n)?;
        let text = bytes.strip_suffix(&[0]).unwrap_or(bytes);
        // ROS does not check that text is UTF-8; one odd letter must not cost a diagnostic its message.
        Ok(Self::from_utf8_lossy(text).into_owned())
    }
}

impl Cdr for Bytes {
    const MIN_SIZE: usize = 4;
    fn write(&self, w: &mut CdrWriter) {
        w.length(self.len());
        w.buffer.extend_from_slice(self);
    }
    fn read(r: &mut CdrReader<'_>) -> Result<Self, CdrError> {
        let n = r.length(1)?;
        let bytes = r.take(n)?;
        Ok(r.owner.map_or_else(|| Self::copy_from_slice(bytes), |owner| owner.slice_ref(bytes)))
    }
}

impl<T: Cdr> Cdr for Vec<T> {
    const MIN_SIZE: usize = 4;
    fn write(&self, w: &mut CdrWriter) {
        w.length(self.len());
        T::write_slice(self, w);
    }
    fn read(r: &mut CdrReader<'_>) -> Result<Self, CdrError> {
        let n = r.length(T::MIN_SIZE)?;
        T::read_vec(n, r)
    }
}

impl<T: Cdr + Default, const N: usize> Cdr for [T; N] {
    const MIN_SIZE: usize = N * T::MIN_SIZE;
    fn write(&self, w: &mut CdrWriter) {
        T::write_slice(self, w);
    }
    fn read(r: &mut CdrReader<'_>) -> Result<Self, CdrError> {
        let mut items = std::array::from_fn(|_| T::default());
        for item in &mut items {
            *item = T::read(r)?;
        }
        Ok(items)
    }
}
