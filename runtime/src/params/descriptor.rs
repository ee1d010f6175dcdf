//! What is known of a parameter, and whether a value is allowed.

use std::fmt;

use super::{ParamKind, ParamValue};

/// What is known of one parameter, after `rcl_interfaces/msg/ParameterDescriptor`.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamDescriptor {
    /// Its name, dotted for fields of nested structs.
    pub name: String,
    /// Its type; it never changes.
    pub kind: ParamKind,
    /// What it is for and its unit: the doc comment of the field.
    pub description: String,
    /// Allowed values of a number, or of each number of an array.
    pub range: Option<ParamRange>,
    /// Allowed lengths of an array (elements) or a string (characters).
    pub length: Option<LengthRange>,
    /// Allowed strings, or elements of a string array; empty: any.
    pub allowed: Vec<String>,
    /// Whether it can be set at start only.
    pub read_only: bool,
    /// Its value if nobody sets it.
    pub default: ParamValue,
    /// Where the value is in the struct's JSON, as a JSON pointer.
    pub(super) pointer: String,
}

/// The allowed range of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParamRange {
    /// Of an integer.
    Integer(IntegerRange),
    /// Of a double.
    Double(DoubleRange),
}

/// After `rcl_interfaces/msg/IntegerRange`; both ends are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntegerRange {
    /// Lowest value; `i64::MIN` for none.
    pub from: i64,
    /// Highest value; `i64::MAX` for none.
    pub to: i64,
    /// Values are `from`, `from + step`, …, and `to`; 0 for every value.
    pub step: u64,
}

/// After `rcl_interfaces/msg/FloatingPointRange`; both ends are allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoubleRange {
    /// Lowest value; `f64::MIN` for none.
    pub from: f64,
    /// Highest value; `f64::MAX` for none.
    pub to: f64,
    /// Values are `from`, `from + step`, …, and `to`; 0 for every value.
    pub step: f64,
}

/// Allowed lengths; both ends are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LengthRange {
    /// Shortest.
    pub from: usize,
    /// Longest.
    pub to: usize,
}

/// Why a value is not allowed for a parameter.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Another type; the words are those of `rclcpp`.
    #[error(
        "Wrong parameter type, parameter {{{name}}} is of type {{{kind}}}, setting it to {{{given}}} is not \
         allowed.{hint}"
    )]
    Type {
        /// The parameter.
        name: String,
        /// Its type.
        kind: ParamKind,
        /// The type of the value.
        given: ParamKind,
        /// What to write instead, with a leading space; may be empty.
        hint: String,
    },
    /// Infinite or not a number.
    #[error("parameter {name} = {value} must be a finite number{what}")]
    NotFinite {
        /// The parameter.
        name: String,
        /// The value.
        value: ParamValue,
        /// Meaning and unit, in parentheses.
        what: String,
    },
    /// Outside its range or between its steps.
    #[error("parameter {name} = {value} is out of range {range}{what}")]
    Range {
        /// The parameter.
        name: String,
        /// The value.
        value: ParamValue,
        /// What is allowed.
        range: ParamRange,
        /// Meaning and unit, in parentheses.
        what: String,
    },
    /// Too short or too long.
    #[error("parameter {name} = {value} has length {given}, allowed is {length}{what}")]
    Length {
        /// The parameter.
        name: String,
        /// The value.
        value: ParamValue,
        /// Its length.
        given: usize,
        /// What is allowed.
        length: LengthRange,
        /// Meaning and unit, in parentheses.
        what: String,
    },
    /// Not one of the allowed strings.
    #[error("parameter {name} = {value} is not allowed, use one of: {}{what}", allowed.join(", "))]
    Choice {
        /// The parameter.
        name: String,
        /// The value.
        value: ParamValue,
        /// What is allowed.
        allowed: Vec<String>,
        /// Meaning, in parentheses.
        what: String,
    },
}

impl ParamDescriptor {
    /// The value to store for `value`, or why it is not allowed. Converts only where nothing is lost: an
    /// integer for a double that equals it, bytes for integers, an empty array for any array.
    pub fn accept(&self, value: &ParamValue) -> Result<ParamValue, Refusal> {
        let name = || self.name.clone();
        let Some(fitted) = value.fit(self.kind) else {
            return Err(Refusal::Type {
                name: name(),
                kind: self.kind,
                given: value.kind(),
                hint: self.hint(value),
            });
        };
        let refuse_range =
            |range| Refusal::Range { name: name(), value: fitted.clone(), range, what: self.what() };
        let (integers, doubles, strings): (&[i64], &[f64], &[String]) = match &fitted {
            ParamValue::Integer(v) => (std::slice::from_ref(v), &[], &[]),
            ParamValue::IntegerArray(v) => (v, &[], &[]),
            ParamValue::Double(v) => (&[], std::slice::from_ref(v), &[]),
            ParamValue::DoubleArray(v) => (&[], v, &[]),
            ParamValue::String(v) => (&[], &[], std::slice::from_ref(v)),
            ParamValue::StringArray(v) => (&[], &[], v),
            _ => (&[], &[], &[]),
        };
        if doubles.iter().any(|v| !v.is_finite()) {
            return Err(Refusal::NotFinite { name: name(), value: fitted.clone(), what: self.what() });
        }
        match self.range {
            Some(range @ ParamRange::Integer(r)) if !integers.iter().all(|v| r.contains(*v)) => {
                return Err(refuse_range(range));
            }
            Some(range @ ParamRange::Double(r)) if !doubles.iter().all(|v| r.contains(*v)) => {
                return Err(refuse_range(range));
            }
            _ => {}
        }
        if !self.allowed.is_empty() && !strings.iter().all(|v| self.allowed.contains(v)) {
            let allowed = self.allowed.clone();
            return Err(Refusal::Choice { name: name(), value: fitted.clone(), allowed, what: self.what() });
        }
        if let Some(length) = self.length {
            let given = match &fitted {
                ParamValue::String(v) => v.chars().count(),
                other => other.array_len().unwrap_or(0),
            };
            if given < length.from || given > length.to {
                return Err(Refusal::Length {
                    name: name(),
                    value: fitted,
                    given,
                    length,
                    what: self.what(),
                });
            }
        }
        Ok(fitted)
    }

    /// The description in parentheses, with a leading space; empty if there is none.
    fn what(&self) -> String {
        let line = self.summary();
        if line.is_empty() { String::new() } else { format!(" ({line})") }
    }

    /// The first line of the description, without a full stop.
    pub(super) fn summary(&self) -> &str {
        self.description.lines().next().unwrap_or("").trim().trim_end_matches('.')
    }

    fn hint(&self, value: &ParamValue) -> String {
        match (self.kind, value) {
            (ParamKind::String, ParamValue::Bool(_) | ParamValue::Integer(_) | ParamValue::Double(_)) => {
                " Write it in quotes to make it a string.".into()
            }
            (ParamKind::Integer, ParamValue::Double(_)) => " Write it without a decimal point.".into(),
            (ParamKind::Bool, _) => " Use true or false.".into(),
            (ParamKind::Double, ParamValue::Integer(_)) => " It is too large to be exact.".into(),
            (kind, value) if value.kind().array() == Some(kind) => " Write it as a list: [value, …].".into(),
            _ => String::new(),
        }
    }

    /// Range, length, choices and read-only, in words; empty if there is nothing to say.
    pub fn limits(&self) -> String {
        let mut parts = Vec::new();
        if let Some(range) = self.range {
            parts.push(range.to_string());
        }
        if let Some(length) = self.length {
            parts.push(format!("length {length}"));
        }
        if !self.allowed.is_empty() {
            parts.push(format!("one of: {}", self.allowed.join(", ")));
        }
        if self.read_only {
            parts.push("read-only".into());
        }
        parts.join("; ")
    }
}

impl IntegerRange {
    fn contains(self, v: i64) -> bool {
        if v == self.from || v == self.to {
            return true;
        }
        (self.from..=self.to).contains(&v)
            && (self.step == 0 || v.abs_diff(self.from).is_multiple_of(self.step))
    }
}

impl DoubleRange {
    fn contains(self, v: f64) -> bool {
        if v < self.from || v > self.to {
            return false;
        }
        if self.step == 0.0 || v == self.to {
            return true;
        }
        // Steps such as 0.1 are not exact; the tolerance is that of rclcpp.
        let nearest = self.from + ((v - self.from) / self.step).round() * self.step;
        (v - nearest).abs() <= f64::EPSILON * (v + nearest).abs() * 100.0
    }
}

/// `[0, 40]`, `[0, ∞)`, `[0, 40] in steps of 0.5`.
impl fmt::Display for ParamRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(IntegerRange { from, to, step }) => {
                interval(f, (*from != i64::MIN).then_some(from), (*to != i64::MAX).then_some(to))?;
                if *step == 0 { Ok(()) } else { write!(f, " in steps of {step}") }
            }
            Self::Double(DoubleRange { from, to, step }) => {
                interval(f, (*from != f64::MIN).then_some(from), (*to != f64::MAX).then_some(to))?;
                if *step == 0.0 { Ok(()) } else { write!(f, " in steps of {step}") }
            }
        }
    }
}

impl fmt::Display for LengthRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            return write!(f, "{}", self.from);
        }
        interval(f, Some(&self.from), (self.to != usize::MAX).then_some(&self.to))
    }
}

fn interval<T: fmt::Display>(f: &mut fmt::Formatter<'_>, from: Option<&T>, to: Option<&T>) -> fmt::Result {
    match from {
        Some(from) => write!(f, "[{from}, ")?,
        None => write!(f, "(-∞, ")?,
    }
    match to {
        Some(to) => write!(f, "{to}]"),
        None => write!(f, "∞)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `__check_parameter_value_in_range` of rclcpp has it.
    #[test]
    fn ranges_as_rclcpp() {
        let r = IntegerRange { from: 10, to: 18, step: 3 };
        for (v, ok) in [(9, false), (10, true), (11, false), (13, true), (16, true), (18, true), (19, false)]
        {
            assert_eq!(r.contains(v), ok, "{v}");
        }
        let whole = IntegerRange { from: i64::MIN, to: i64::MAX, step: u64::MAX };
        assert!(whole.contains(i64::MIN) && whole.contains(i64::MAX) && !whole.contains(0));
        let r = DoubleRange { from: 0.0, to: 1.05, step: 0.1 };
        for (v, ok) in
            [(0.3, true), (0.1 + 0.2, true), (0.35, false), (1.05, true), (1.1, false), (-0.1, false)]
        {
            assert_eq!(r.contains(v), ok, "{v}");
        }
        assert!(!DoubleRange { from: 0.0, to: 1.0, step: 0.1 }.contains(f64::NAN));
    }

    #[test]
    fn ranges_read_well() {
        let double = |from, to, step| ParamRange::Double(DoubleRange { from, to, step }).to_string();
        assert_eq!(double(0.0, 40.0, 0.0), "[0, 40]");
        assert_eq!(double(0.5, f64::MAX, 0.0), "[0.5, ∞)");
        assert_eq!(double(f64::MIN, 1.0, 0.25), "(-∞, 1] in steps of 0.25");
    }
}
