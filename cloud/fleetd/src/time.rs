//! Moments, as the API writes them (RFC 3339, UTC) and as the database keeps them (µs since the epoch).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type as JsonType};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

/// A moment, to the microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(jiff::Timestamp);

impl Time {
    /// The present one, on this machine's clock.
    pub fn now() -> Self {
        Self::from_micros(jiff::Timestamp::now().as_microsecond())
    }

    /// Of so many µs since the epoch; the ends of what can be written where that is out of range.
    pub fn from_micros(micros: i64) -> Self {
        let out_of_range = if micros < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        Self(jiff::Timestamp::from_microsecond(micros).unwrap_or(out_of_range))
    }

    /// Of a moment in a message of the vehicle link.
    pub fn from_unix_ns(ns: u64) -> Self {
        Self::from_micros(i64::try_from(ns / 1000).unwrap_or(i64::MAX))
    }

    /// µs since the epoch.
    pub fn as_micros(self) -> i64 {
        self.0.as_microsecond()
    }

    /// For a message of the vehicle link; the epoch for what is before it.
    pub fn as_unix_ns(self) -> u64 {
        u64::try_from(self.0.as_nanosecond()).unwrap_or(0)
    }

    /// So much later.
    pub fn after(self, duration: Duration) -> Self {
        Self::from_micros(self.as_micros().saturating_add(micros(duration)))
    }

    /// So much earlier.
    pub fn before(self, duration: Duration) -> Self {
        Self::from_micros(self.as_micros().saturating_sub(micros(duration)))
    }

    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(
            u64::try_from(self.as_micros().saturating_sub(earlier.as_micros())).unwrap_or(0),
        )
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl<DB: Database> Type<DB> for Time
where
    i64: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <i64 as Type<DB>>::type_info()
    }
}

impl<'q, DB: Database> Encode<'q, DB> for Time
where
    i64: Encode<'q, DB>,
{
    fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.as_micros().encode_by_ref(buffer)
    }
}

impl<'r, DB: Database> Decode<'r, DB> for Time
where
    i64: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        i64::decode(value).map(Self::from_micros)
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(JsonType::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl ToSchema for Time {}
