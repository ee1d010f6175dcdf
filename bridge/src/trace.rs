//! W3C Trace Context.

/// The trace id of a `traceparent`, empty where there is none.
pub fn trace_id(traceparent: &str) -> &str {
    let id = traceparent.split('-').nth(1).unwrap_or_default();
    if id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) { id } else { "" }
}

#[cfg(test)]
mod tests {
    #[test]
    fn of_what_is_no_trace_nothing_is_said() {
        let of = super::trace_id;
        assert_eq!(
            of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        assert_eq!((of(""), of("00-12-34-00"), of("x")), ("", "", ""));
    }
}
