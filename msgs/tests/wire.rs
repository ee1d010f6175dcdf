//! Bytes by hand: what Fast-CDR (`Cdr.cpp`, DDS_CDR) and the typesupport of `rosidl` write, and what else we read.

use bytes::Bytes;
use msgs::dynamic::{DynamicError, decode as decode_dynamic};
use msgs::{CdrError, Message};

/// Header, then these parts.
fn cdr(parts: &[&[u8]]) -> Bytes {
    [&[0, 1, 0, 0][..], &parts.concat()].concat().into()
}

fn read<M: Message>(bytes: &Bytes) -> Result<M, CdrError> {
    let fixed = M::decode(bytes);
    let tree = decode_dynamic(msgs::types(), M::TYPE_NAME, bytes);
    assert_eq!(fixed.is_ok(), tree.is_ok(), "{fixed:?} {tree:?}");
    fixed
}

#[test]
fn an_empty_sequence_has_no_alignment_after_its_length() {
    use msgs::std_msgs::msg::{Float64MultiArray, MultiArrayLayout};
    let mut array = Float64MultiArray { layout: MultiArrayLayout::default(), data: vec![] };
    // dim (0), data_offset (0), data (0): no padding to 8 at the end.
    assert_eq!(array.encode(0).unwrap(), cdr(&[&[0; 12]]));
    array.data = vec![1.0];
    assert_eq!(array.encode(0).unwrap(), cdr(&[&[0; 8], &[1, 0, 0, 0], &[0; 4], &1.0_f64.to_le_bytes()]));
}

#[test]
fn numbers_align_to_their_size_from_after_the_header() {
    use msgs::builtin_interfaces::msg::Time;
    use msgs::std_msgs::msg::Header;
    let header = Header { stamp: Time { sec: 1, nanosec: 2 }, frame_id: "ab".into() };
    let stamp = msgs::geometry_msgs::msg::PointStamped { header, ..Default::default() };
    let bytes = stamp.encode(0).unwrap();
    // 4 + 4 + 4 + "ab\0" = 15, one byte of padding, three float64.
    assert_eq!(bytes.len(), 4 + 16 + 24);
    assert_eq!(bytes[..20], cdr(&[&[1, 0, 0, 0], &[2, 0, 0, 0], &[3, 0, 0, 0], b"ab\0", &[0]])[..]);
}

#[test]
fn bools_are_one_byte_each() {
    use msgs::test_interface_files::msg::BoundedPlainSequences;
    let message = BoundedPlainSequences { bool_values: vec![true, false, true], ..Default::default() };
    let bytes = message.encode(0).unwrap();
    assert_eq!(bytes[4..11], [3, 0, 0, 0, 1, 0, 1]);
    let mut wrong = bytes.to_vec();
    wrong[9] = 2;
    assert_eq!(read::<BoundedPlainSequences>(&wrong.into()), Err(CdrError::Bool(2)));
    let long = BoundedPlainSequences { bool_values: vec![true; 4], ..Default::default() };
    assert_eq!(long.encode(0), Err(CdrError::Bound { field: "bool_values", len: 4, bound: 3 }));
}

#[test]
fn bounds_of_strings_hold_when_reading() {
    use msgs::test_interface_files::msg::Strings;
    let mut message = Strings { bounded_string_value: "x".repeat(10), ..Default::default() };
    message.bounded_string_array_three[2] = "y".repeat(10);
    message.unbounded_bounded_string_array = vec!["z".repeat(10); 5];
    let bytes = message.encode(0).unwrap();
    assert_eq!(read::<Strings>(&bytes).unwrap(), message);
    // The first string is empty: length 1 and a zero. Then, aligned, the bounded one with its length, 11.
    assert_eq!(bytes[12], 11);
    let mut long = bytes[..12].to_vec();
    long.extend_from_slice(&[12, 0, 0, 0]);
    long.extend_from_slice(b"xxxxxxxxxxx\0");
    // From here on as it was: both strings end at a multiple of four.
    long.extend_from_slice(&bytes[28..]);
    let bound = CdrError::Bound { field: "bounded_string_value", len: 11, bound: 10 };
    assert_eq!(read::<Strings>(&long.into()), Err(bound));
}

#[test]
fn text_as_others_write_it() {
    use msgs::std_msgs::msg::String as Text;
    let text = |bytes| read::<Text>(&bytes).map(|t| t.data);
    assert_eq!(text(cdr(&[&[3, 0, 0, 0], b"ab\0"])), Ok("ab".into()));
    // Length 0 for an empty string (Fast-CDR, of a null pointer), and no zero at the end.
    assert_eq!(text(cdr(&[&[0; 4]])), Ok(String::new()));
    assert_eq!(text(cdr(&[&[2, 0, 0, 0], b"ab"])), Ok("ab".into()));
    // Padding after the message, as DDS adds it; the options say how much.
    assert_eq!(text(cdr(&[&[3, 0, 0, 0], b"ab\0", &[0]])), Ok("ab".into()));
    assert_eq!(text(Bytes::from_static(&[0, 1, 0, 1, 2, 0, 0, 0, b'a', 0, 0])), Ok("a".into()));
    // Big endian, parameter lists and XCDR2 are refused by name.
    for kind in [0, 2, 3, 6, 7, 8, 9, 10, 11] {
        let bytes = Bytes::copy_from_slice(&[0, kind, 0, 0, 1, 0, 0, 0, 0]);
        assert_eq!(text(bytes), Err(CdrError::Encapsulation([0, kind, 0, 0])));
    }
    assert_eq!(text(cdr(&[&[3, 0, 0, 0], &[b'a', 0xFF, 0]])), Ok("a\u{FFFD}".into()));
    assert_eq!(text(Bytes::new()), Err(CdrError::Truncated { at: 0, missing: 4 }));
}

#[test]
fn a_message_without_fields_is_one_byte() {
    use msgs::std_msgs::msg::Empty;
    assert_eq!(Empty::default().encode(0).unwrap(), cdr(&[&[0]]));
    assert!(read::<Empty>(&cdr(&[&[0]])).is_ok() && read::<Empty>(&cdr(&[])).is_ok());
    let value = decode_dynamic(msgs::types(), "std_srvs/srv/Trigger_Request", &cdr(&[]));
    assert_eq!(value, Ok(msgs::dynamic::Value::Message(vec![])));
    let unknown = decode_dynamic(msgs::types(), "std_srvs/srv/None", &cdr(&[]));
    assert_eq!(unknown, Err(DynamicError::UnknownType("std_srvs/srv/None".into())));
}
