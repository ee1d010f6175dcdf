//! Durations as people write them in requests: `90s`, `10m`, `1h`, `7d`.

use std::time::Duration;

/// Not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no duration; write e.g. 30s, 10m, 2h or 7d")]
pub struct NoDuration(String);

/// Reads a duration.
pub fn parse(text: &str) -> Result<Duration, NoDuration> {
    let error = || NoDuration(text.chars().take(40).collect());
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(error()),
    };
    let number: u32 = number.parse().map_err(|_| error())?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        assert_eq!(parse("10m").unwrap(), Duration::from_secs(600));
        assert_eq!(parse(" 2h ").unwrap(), Duration::from_secs(7200));
        for text in ["", "h", "1", "-1h", "1.5h", "1w", "99999999999h", "ä"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
