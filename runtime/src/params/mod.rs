//! Parameters of a node: one serde struct is the only source.
//!
//! ```
//! use runtime::params::{Overrides, ParamStore, ParamValue};
//!
//! #[derive(Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
//! #[serde(default, deny_unknown_fields)]
//! struct Planning {
//!     /// Highest speed, m/s.
//!     #[schemars(range(min = 0.0, max = 40.0))]
//!     max_speed: f64,
//! }
//! impl Default for Planning {
//!     fn default() -> Self {
//!         Self { max_speed: 13.0 }
//!     }
//! }
//!
//! let mut overrides = Overrides::default();
//! overrides.add_yaml("planning.yaml", "planning_node: {ros__parameters: {max_speed: 20}}").unwrap();
//! let mut store = ParamStore::<Planning>::new("/planning_node", &overrides).unwrap();
//! assert_eq!(store.node().max_speed, 20.0);
//!
//! let result = store.set_atomically(&[("max_speed".into(), ParamValue::Double(55.0))]);
//! assert_eq!(result.reason, "parameter max_speed = 55.0 is out of range [0, 40] (Highest speed, m/s)");
//! ```
//!
//! What the struct says and what follows from it:
//!
//! | in the struct | parameter |
//! |---|---|
//! | `bool`, integers, `f64`, `String`, enums of words, `Vec` and arrays of these | its kind |
//! | a nested struct | dotted names: `gains.lateral` |
//! | doc comment | description; ends with the unit |
//! | `#[schemars(range(min = .., max = ..))]` | range; on a `Vec`: `#[schemars(inner(range(..)))]` |
//! | `#[schemars(extend("step" = 0.5))]` | steps within the range, counted from its lower end |
//! | `#[schemars(length(min = .., max = ..))]` | length of an array, or of a string in characters |
//! | `#[schemars(extend("readOnly" = true))]` | can be set at start only |
//! | what `Default` gives | default |
//!
//! What depends on several fields at once belongs into `Deserialize` (`#[serde(try_from = "..")]`): its
//! error refuses the change. The schema, and with it ranges and descriptions, is then that of the other type,
//! unless `#[schemars(!try_from)]` says otherwise.

pub(crate) mod convert;
mod descriptor;
mod docs;
mod error;
mod overrides;
mod pattern;
mod schema;
mod store;
mod value;
mod yaml;
mod yaml_out;

pub use descriptor::{DoubleRange, IntegerRange, LengthRange, ParamDescriptor, ParamRange, Refusal};
pub use docs::markdown_table;
pub use error::{Origin, ParamError, UnknownParameter};
pub use overrides::{Override, Overrides};
pub use pattern::NodePattern;
pub use schema::{SchemaError, describe};
pub use store::{ListResult, ParamStore, RuntimeParams, SetResult};
pub use value::{ParamKind, ParamValue};
pub use yaml_out::{yaml_dump, yaml_template};

/// What the parameters of a node are: any serde struct with a schema and defaults.
pub trait Parameters:
    serde::Serialize + serde::de::DeserializeOwned + schemars::JsonSchema + Default + Clone + Send + 'static
{
}

impl<T> Parameters for T where
    T: serde::Serialize
        + serde::de::DeserializeOwned
        + schemars::JsonSchema
        + Default
        + Clone
        + Send
        + 'static
{
}
