//! Values of constants and defaults as `rosidl_adapter` reads them (its `parse_primitive_value_string`).

use rosidl::{Literal, parse_msg};

fn constant(line: &str) -> Option<Literal> {
    Some(parse_msg("p/msg/T", line).ok()?.constants.remove(0).value)
}

fn default(line: &str) -> Option<Literal> {
    parse_msg("p/msg/T", line).ok()?.fields.remove(0).default
}

#[test]
fn strings() {
    for (line, value) in [
        ("string S=foo", "foo"),
        ("string S= foo bar ", "foo bar"),
        (r#"string S="foo""#, "foo"),
        (r#"string S=" foo ""#, " foo "),
        ("string S='foo'", "foo"),
        (r#"string S="'foo'""#, "'foo'"),
        (r#"string S="foo"#, r#""foo"#),
        (r#"string S="say \"hi\"""#, r#"say "hi""#),
        (r"string S='it\'s' # comment", "it's"),
        (r#"string S="a#b" # comment"#, "a#b"),
        ("string S=", ""),
    ] {
        assert_eq!(constant(line), Some(Literal::String(value.into())), "{line}");
    }
    assert_eq!(constant(r#"string S="a"b""#), None);
    assert_eq!(default("string<=3 s 'abcd'"), None);
    assert_eq!(default("string<=3 s 'abc'"), Some(Literal::String("abc".into())));
    let list =
        |items: &[&str]| Some(Literal::List(items.iter().map(|s| Literal::String((*s).into())).collect()));
    assert_eq!(default(r#"string[] s ["a, b", 'it\'s', "", c]"#), list(&["a, b", "it's", "", "c"]));
    assert_eq!(default("string[<=2] s []"), list(&[]));
    assert_eq!(default("string[<=1] s [a, b]"), None);
}

#[test]
fn numbers_and_bools() {
    for (line, value) in [
        ("int8 X=-128", -128),
        ("uint8 X=0xFF", 255),
        ("int32 X=+7", 7),
        ("uint16 X=0b101", 5),
        ("int64 X=0o17", 15),
        ("byte X=255", 255),
        ("char X=97", 97),
        ("uint64 X=18446744073709551615", u64::MAX.into()),
        ("int64 X=-9223372036854775808", i64::MIN.into()),
    ] {
        assert_eq!(constant(line), Some(Literal::Int(value)), "{line}");
    }
    for line in
        ["int8 X=128", "uint8 X=-1", "char X='a'", "byte X=256", "int32 X=1.0", "bool X=2", "float32 X=a"]
    {
        assert_eq!(constant(line), None, "{line}");
    }
    for (text, value) in [("true", true), ("TRUE", true), ("False", false), ("0", false), ("1", true)] {
        assert_eq!(constant(&format!("bool X={text}")), Some(Literal::Bool(value)));
    }
    for (text, value) in [("1", 1.0), ("1.", 1.0), (".5", 0.5), ("-1e3", -1000.0), ("0.0", 0.0)] {
        assert_eq!(default(&format!("float64 x {text}")), Some(Literal::Float(value)), "{text}");
    }
}
