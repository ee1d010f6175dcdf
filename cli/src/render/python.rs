//! Values as Python prints them: `std_msgs.msg.String(data='hello')`.

use msgs::dynamic::Value;
use rosidl::{Base, FieldType, Primitive, TypeSet};

/// `repr` of a message of type `name`, as `rosidl_generator_py` has it.
pub fn repr(types: &TypeSet, name: &str, value: &Value) -> String {
    let fields = match (value, types.get(name)) {
        (Value::Message(fields), Some(def)) => {
            let field = |(f, v): &(String, Value)| {
                let ty = def.fields.iter().find(|d| d.name == *f).map(|d| &d.ty);
                format!("{f}={}", self::value(types, ty, v))
            };
            fields.iter().map(field).collect()
        }
        _ => vec![],
    };
    format!("{}({})", name.replace('/', "."), fields.join(", "))
}

/// `repr` of a field's value. Arrays are plain lists, whatever Python holds them in.
pub fn value(types: &TypeSet, ty: Option<&FieldType>, v: &Value) -> String {
    let list = |items: Vec<String>| format!("[{}]", items.join(", "));
    let is_byte = matches!(ty.map(|t| &t.base), Some(Base::Primitive(Primitive::Byte)));
    match v {
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Uint(v) if is_byte => byte(*v),
        Value::Uint(v) => v.to_string(),
        Value::Int(v) => v.to_string(),
        Value::Float32(v) => float((*v).into()),
        Value::Float64(v) => float(*v),
        Value::String(v) => quoted(v),
        Value::Bytes(bytes) if is_byte => list(bytes.iter().map(|b| byte((*b).into())).collect()),
        Value::Bytes(bytes) => list(bytes.iter().map(u8::to_string).collect()),
        Value::List(items) => list(items.iter().map(|i| value(types, ty, i)).collect()),
        Value::Message(_) => match ty.map(|t| &t.base) {
            Some(Base::Message(name)) => repr(types, name, v),
            _ => "{}".into(),
        },
    }
}

fn byte(v: u64) -> String {
    match u8::try_from(v).map(char::from).unwrap_or_default() {
        '\'' => "b\"'\"".into(),
        '\\' => "b'\\\\'".into(),
        '\n' => "b'\\n'".into(),
        '\r' => "b'\\r'".into(),
        '\t' => "b'\\t'".into(),
        c @ ' '..='~' => format!("b'{c}'"),
        c => format!("b'\\x{:02x}'", u32::from(c)),
    }
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// `repr` of a float: the shortest digits that give the same number.
pub fn float(v: f64) -> String {
    if v.is_nan() {
        return "nan".into();
    }
    if v.is_infinite() {
        return if v > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let shortest = format!("{v:e}");
    // Of several shortest ones Python takes the closest, Rust the larger.
    let decimals = shortest.find('e').unwrap_or(1).saturating_sub(if v.is_sign_negative() { 3 } else { 2 });
    let closest = format!("{v:.decimals$e}");
    let scientific = if closest.parse() == Ok(v) { closest } else { shortest };
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        let decimals = i32::try_from(decimals).unwrap_or_default().saturating_sub(exponent).max(1);
        return format!("{v:.*}", usize::try_from(decimals).unwrap_or(1));
    }
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_python() {
        for (v, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (f64::from(0.1_f32), "0.10000000149011612"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1.5e300, "1.5e+300"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e15, "1000000000000000.0"),
            (-122_221_371_054_102.5 / 8.0, "-15277671381762.812"),
        ] {
            assert_eq!(float(v), text);
        }
    }

    #[test]
    fn messages_as_python() {
        let types = msgs::types();
        let text = Value::Message(vec![("data".into(), Value::String("it's".into()))]);
        assert_eq!(repr(types, "std_msgs/msg/String", &text), "std_msgs.msg.String(data=\"it's\")");
        let twist = msgs::dynamic::default_value(types, "geometry_msgs/msg/Twist").unwrap();
        assert_eq!(
            repr(types, "geometry_msgs/msg/Twist", &twist),
            "geometry_msgs.msg.Twist(linear=geometry_msgs.msg.Vector3(x=0.0, y=0.0, z=0.0), \
             angular=geometry_msgs.msg.Vector3(x=0.0, y=0.0, z=0.0))"
        );
    }
}
