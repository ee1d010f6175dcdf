//! From a struct's schema and defaults to the descriptors of its parameters.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::{
    DoubleRange, IntegerRange, LengthRange, ParamDescriptor, ParamKind, ParamRange, ParamValue, Parameters,
};

/// A struct that cannot be a node's parameters: a mistake in the program, found by the first test that uses it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{type_name} cannot be parameters: field {field}: {problem}")]
pub struct SchemaError {
    /// The struct.
    pub type_name: String,
    /// The field's dotted name; empty for the struct itself.
    pub field: String,
    /// What is wrong and what to write instead.
    pub problem: String,
}

/// What JSON schema says that has no bearing on values.
const NOTES: [&str; 8] =
    ["title", "description", "default", "examples", "deprecated", "readOnly", "format", "type"];

/// The descriptors of the parameters of `P`, by name.
pub fn describe<P: Parameters>() -> Result<Vec<ParamDescriptor>, SchemaError> {
    let mut walk = Walk { found: Vec::new() };
    let fail = |(field, problem)| SchemaError { type_name: P::schema_name().into_owned(), field, problem };
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<P>();
    schema.remove("$schema");
    let default = serde_json::to_value(P::default()).map_err(|e| fail((String::new(), e.to_string())))?;
    walk.field(schema.as_value(), &default, &mut Vec::new(), false).map_err(fail)?;
    walk.found.sort_by(|a, b| a.name.split('.').cmp(b.name.split('.')));
    unique(&walk.found).map_err(fail)?;
    Ok(walk.found)
}

/// Checks that no name is there twice, nor both a parameter and the first part of another: `a` and `a.b`.
/// `list` is sorted by parts.
pub(super) fn unique(list: &[ParamDescriptor]) -> Result<(), (String, String)> {
    for pair in list.windows(2) {
        let (a, b) = (&pair[0].name, &pair[1].name);
        if b.strip_prefix(a.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
            return Err((b.clone(), format!("the name collides with parameter {a}; rename one of them")));
        }
    }
    Ok(())
}

struct Walk {
    found: Vec<ParamDescriptor>,
}

type Problem = (String, String);

impl Walk {
    fn field(
        &mut self,
        schema: &Value,
        default: &Value,
        path: &mut Vec<String>,
        read_only: bool,
    ) -> Result<(), Problem> {
        let fail = |path: &[String], problem: &str| Err((path.join("."), problem.to_owned()));
        let Some(schema) = schema.as_object() else { return fail(path, "it may have any type; give it one") };
        let read_only = read_only || schema.get("readOnly") == Some(&Value::Bool(true));
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            let leaf = leaf(schema, default, path, read_only).map_err(|problem| (path.join("."), problem))?;
            self.found.push(leaf);
            return Ok(());
        }
        let unknown = |key: &&String| {
            !NOTES.contains(&key.as_str())
                && !matches!(key.as_str(), "properties" | "required" | "additionalProperties")
        };
        if let Some(key) = schema.keys().find(unknown) {
            return fail(path, &format!("schema keyword `{key}` is not supported on a struct"));
        }
        if schema.get("additionalProperties").is_some_and(|v| *v != Value::Bool(false)) {
            return fail(path, "maps are not supported: the names of parameters must be known");
        }
        let empty = Map::new();
        for (name, field) in schema.get("properties").and_then(Value::as_object).unwrap_or(&empty) {
            path.push(name.clone());
            let Some(default) = default.get(name) else { return fail(path, "its default is not serialised") };
            self.field(field, default, path, read_only)?;
            path.pop();
        }
        Ok(())
    }
}

fn leaf(
    schema: &Map<String, Value>,
    default: &Value,
    path: &[String],
    read_only: bool,
) -> Result<ParamDescriptor, String> {
    let mut limits = Limits::default();
    let kind = limits.read(schema, true)?;
    let default = ParamValue::from_json(kind, default)
        .ok_or_else(|| format!("its default {default} is not a finite value of type {kind}"))?;
    let descriptor = ParamDescriptor {
        name: path.join("."),
        kind,
        description: schema.get("description").and_then(Value::as_str).unwrap_or("").trim().to_owned(),
        range: limits.range,
        length: limits.length,
        allowed: limits.allowed,
        read_only,
        default,
        pointer: path
            .iter()
            .fold(String::new(), |pointer, part| pointer + "/" + &part.replace('~', "~0").replace('/', "~1")),
    };
    descriptor
        .accept(&descriptor.default)
        .map_err(|refusal| format!("its own default is refused: {refusal}"))?;
    Ok(descriptor)
}

/// What a schema says of values.
#[derive(Default)]
struct Limits {
    range: Option<ParamRange>,
    length: Option<LengthRange>,
    allowed: Vec<String>,
}

impl Limits {
    /// Takes in a scalar's or, if `arrays` are allowed here, an array's schema; gives its kind.
    fn read(&mut self, schema: &Map<String, Value>, arrays: bool) -> Result<ParamKind, String> {
        if let Some(choices) = schema.get("enum").or_else(|| schema.get("oneOf")) {
            self.allowed =
                choices_of(choices).ok_or("only enums whose variants have no fields are supported")?;
            return known(schema, &["enum", "oneOf"]).map(|()| ParamKind::String);
        }
        if let Some(only) = schema.get("const").and_then(Value::as_str) {
            self.allowed = vec![only.to_owned()];
            return known(schema, &["const"]).map(|()| ParamKind::String);
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("boolean") => known(schema, &[]).map(|()| ParamKind::Bool),
            Some("integer") => {
                known(schema, &["minimum", "maximum", "step"])?;
                self.range = integer_range(schema)?.map(ParamRange::Integer);
                Ok(ParamKind::Integer)
            }
            Some("number") if schema.get("format").and_then(Value::as_str) == Some("float") => {
                Err("use f64: ROS has doubles, as which an f32 of 0.1 shows as 0.10000000149011612".into())
            }
            Some("number") => {
                known(schema, &["minimum", "maximum", "step"])?;
                self.range = double_range(schema)?.map(ParamRange::Double);
                Ok(ParamKind::Double)
            }
            Some("string") => {
                known(schema, &["minLength", "maxLength"])?;
                if !arrays && schema.keys().any(|key| key == "minLength" || key == "maxLength") {
                    return Err("the length of strings within an array is not supported".into());
                }
                self.length = length(schema, "minLength", "maxLength");
                Ok(ParamKind::String)
            }
            Some("array") if arrays => {
                known(schema, &["items", "minItems", "maxItems"])?;
                let items =
                    schema.get("items").and_then(Value::as_object).ok_or("tuples are not supported")?;
                let element = self.read(items, false)?;
                self.length = length(schema, "minItems", "maxItems");
                element.array().ok_or_else(|| "arrays of this are not supported".into())
            }
            _ => {
                Err("its type is not supported; use bool, a number, a string, an enum of words, an array of \
                      these, or a struct of these, and a default value in place of Option"
                    .into())
            }
        }
    }
}

/// Refuses what would silently not be checked.
fn known(schema: &Map<String, Value>, keys: &[&str]) -> Result<(), String> {
    match schema.keys().find(|key| !NOTES.contains(&key.as_str()) && !keys.contains(&key.as_str())) {
        Some(key) => Err(format!("schema keyword `{key}` is not supported here; check it in Deserialize")),
        None => Ok(()),
    }
}

/// The words of an enum: `enum: [a, b]`, or with documented variants `oneOf: [{const: a}, {enum: [b, c]}]`.
fn choices_of(choices: &Value) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for choice in choices.as_array()? {
        match choice {
            Value::String(word) => words.push(word.clone()),
            choice => match choice.get("const").and_then(Value::as_str) {
                Some(word) => words.push(word.to_owned()),
                None => words.extend(choices_of(choice.get("enum")?)?),
            },
        }
    }
    Some(words)
}

/// The range written, or else that of the Rust type, which schemars gives as the format.
fn integer_range(schema: &Map<String, Value>) -> Result<Option<IntegerRange>, String> {
    let (low, high) = match schema.get("format").and_then(Value::as_str) {
        Some("int8") => (i64::from(i8::MIN), i64::from(i8::MAX)),
        Some("int16") => (i64::from(i16::MIN), i64::from(i16::MAX)),
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        Some("uint8") => (0, i64::from(u8::MAX)),
        Some("uint16") => (0, i64::from(u16::MAX)),
        Some("uint32") => (0, i64::from(u32::MAX)),
        Some("uint64" | "uint") => (0, i64::MAX),
        _ => (i64::MIN, i64::MAX),
    };
    let whole = |key: &str| match schema.get(key) {
        None => Ok(None),
        Some(v) => {
            v.as_i64().map(Some).ok_or_else(|| format!("`{key}` = {v} must be an integer, without a point"))
        }
    };
    let from = whole("minimum")?.map_or(low, |v| v.max(low));
    let to = whole("maximum")?.map_or(high, |v| v.min(high));
    let step = whole("step")?.unwrap_or(0);
    let step = u64::try_from(step).map_err(|_| "`step` must not be negative".to_owned())?;
    ordered(from <= to)?;
    let range = IntegerRange { from, to, step };
    Ok((range != IntegerRange { from: i64::MIN, to: i64::MAX, step: 0 }).then_some(range))
}

fn double_range(schema: &Map<String, Value>) -> Result<Option<DoubleRange>, String> {
    let number = |key: &str, none: f64| match schema.get(key) {
        None => Ok(none),
        Some(v) => v.as_f64().ok_or_else(|| format!("`{key}` = {v} must be a number")),
    };
    let range = DoubleRange {
        from: number("minimum", f64::MIN)?,
        to: number("maximum", f64::MAX)?,
        step: number("step", 0.0)?,
    };
    ordered(range.from <= range.to && range.step >= 0.0)?;
    Ok((range != DoubleRange { from: f64::MIN, to: f64::MAX, step: 0.0 }).then_some(range))
}

fn ordered(ok: bool) -> Result<(), String> {
    if ok { Ok(()) } else { Err("its range is empty".into()) }
}

fn length(schema: &Map<String, Value>, min: &str, max: &str) -> Option<LengthRange> {
    let bound =
        |key| schema.get(key).and_then(Value::as_u64).map(|v| usize::try_from(v).unwrap_or(usize::MAX));
    let (from, to) = (bound(min), bound(max));
    (from.is_some() || to.is_some())
        .then(|| LengthRange { from: from.unwrap_or(0), to: to.unwrap_or(usize::MAX) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Plain {
        #[default]
        First,
        SecondOne,
    }

    /// How it goes on.
    #[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Documented {
        /// Stop.
        #[default]
        Stop,
        /// Pull over.
        PullOver,
        Limp,
    }

    #[derive(Clone, Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Gains {
        /// Lateral gain, 1/s.
        #[schemars(range(min = 0.0))]
        lateral: f64,
        plain: f64,
    }
    impl Default for Gains {
        fn default() -> Self {
            Self { lateral: 0.5, plain: 1.0 }
        }
    }

    #[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Everything {
        /// Switch.
        ///
        /// With a second paragraph.
        flag: bool,
        #[schemars(range(min = 1, max = 9), extend("step" = 2))]
        #[serde(rename = "odd")]
        number: Odd,
        byte: u8,
        wide: i64,
        unsigned: u64,
        small: i32,
        /// Gains of the controller.
        #[schemars(extend("readOnly" = true))]
        gains: Gains,
        #[schemars(length(min = 1, max = 5))]
        word: Word,
        plain: Plain,
        /// What to do.
        documented: Documented,
        list: Vec<String>,
        #[schemars(inner(range(min = 0.0, max = 1.0)))]
        weights: Vec<f64>,
        corner: [f64; 3],
        modes: Vec<Plain>,
        bytes: Vec<u8>,
        #[serde(skip)]
        #[allow(dead_code)] // there to be left out
        hidden: Option<u8>,
        #[schemars(extend("step" = 0.5), range(max = 10.0))]
        stepped: f64,
    }

    #[derive(Clone, Serialize, Deserialize, JsonSchema)]
    #[serde(transparent)]
    struct Odd(i64);
    impl Default for Odd {
        fn default() -> Self {
            Self(3)
        }
    }

    #[derive(Clone, Serialize, Deserialize, JsonSchema)]
    #[serde(transparent)]
    struct Word(String);
    impl Default for Word {
        fn default() -> Self {
            Self("ab".into())
        }
    }

    #[test]
    fn a_struct_gives_its_descriptors() {
        let list = describe::<Everything>().unwrap();
        let lines: Vec<String> = list
            .iter()
            .map(|d| format!("{} {} = {} [{}] {:?}", d.name, d.kind, d.default, d.limits(), d.description))
            .collect();
        let expected = [
            r#"byte integer = 0 [[0, 255]] """#,
            r#"bytes integer_array = [] [[0, 255]] """#,
            r#"corner double_array = [0.0, 0.0, 0.0] [length 3] """#,
            r#"documented string = "stop" [one of: limp, stop, pull_over] "What to do.""#,
            r#"flag bool = false [] "Switch.\n\nWith a second paragraph.""#,
            r#"gains.lateral double = 0.5 [[0, ∞); read-only] "Lateral gain, 1/s.""#,
            r#"gains.plain double = 1.0 [read-only] """#,
            r#"list string_array = [] [] """#,
            r#"modes string_array = [] [one of: first, second_one] """#,
            r#"odd integer = 3 [[1, 9] in steps of 2] """#,
            r#"plain string = "first" [one of: first, second_one] """#,
            r#"small integer = 0 [[-2147483648, 2147483647]] """#,
            r#"stepped double = 0.0 [(-∞, 10] in steps of 0.5] """#,
            r#"unsigned integer = 0 [[0, ∞)] """#,
            r#"weights double_array = [] [[0, 1]] """#,
            r#"wide integer = 0 [] """#,
            r#"word string = "ab" [length [1, 5]] """#,
        ];
        assert_eq!(lines, expected);
    }

    macro_rules! refused {
        ($name:ident, $type:ty, $default:expr, $problem:literal $(, #[$attr:meta])?) => {
            #[test]
            fn $name() {
                #[derive(Clone, Serialize, Deserialize, JsonSchema)]
                struct Bad {
                    $(#[$attr])?
                    field: $type,
                }
                impl Default for Bad {
                    fn default() -> Self {
                        Self { field: $default }
                    }
                }
                let text = describe::<Bad>().unwrap_err().to_string();
                let start = "Bad cannot be parameters: field field: ";
                assert!(text.starts_with(start) && text.contains($problem), "{text}");
            }
        };
    }
    refused!(refuses_an_option, Option<f64>, None, "a default value in place of Option");
    refused!(refuses_a_map, std::collections::HashMap<String, f64>, Default::default(), "maps are not supported");
    refused!(refuses_an_infinite_default, f64, f64::INFINITY, "its default null is not a finite value");
    refused!(refuses_a_default_out_of_range, f64, 5.0, "its own default is refused", #[schemars(range(max = 1.0))]);
    refused!(refuses_an_unknown_keyword, String, String::new(), "`pattern` is not supported", #[schemars(regex(pattern = "a"))]);
    refused!(refuses_an_empty_range, f64, 5.0, "its range is empty", #[schemars(range(min = 2.0, max = 1.0))]);
    refused!(refuses_nested_lists, Vec<Vec<u8>>, vec![], "its type is not supported");
    refused!(refuses_a_huge_default, u64, u64::MAX, "not a finite value of type integer");
    refused!(refuses_an_f32, f32, 0.1, "use f64");
    refused!(refuses_anything, Value, Value::Null, "it may have any type");
}
