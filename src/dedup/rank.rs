//! Who comes first among documents that are alike: ranks as 64-bit numbers, the smallest of which stays. Equal ranks leave it to input order.
//!
//! A document of which a rule cannot say anything (no date, no number, a source that is not listed) ranks [`LAST`], after all others.

/// The rank of a document of which the rule says nothing.
pub const LAST: u64 = u64::MAX;

/// The longest first.
pub fn longest(bytes: usize) -> u64 {
    !(bytes as u64)
}

/// The highest number first; what is not a number comes last.
pub fn highest(value: f64) -> u64 {
    if value.is_nan() {
        return LAST;
    }
    // Bits that sort as the numbers do; both zeros are one.
    let bits = (value + 0.0).to_bits();
    !(if bits >> 63 == 1 { !bits } else { bits | 1 << 63 })
}

/// The highest whole number first.
pub fn highest_int(value: i64) -> u64 {
    !(value as u64 ^ 1 << 63)
}

/// The latest date first, as [`date`] reads it; what is no date comes last.
pub fn newest(text: &str) -> u64 {
    date(text).map_or(LAST, highest_int)
}

/// Microseconds since 1970 of a date as ISO 8601 writes it, UTC where it names no zone: a year, year and month, or a day, and of a day also a time:
/// `2024`, `2024-05`, `2024-05-01`, `20240501`, `2024-05-01T12:30:00.5+02:00`, `20240501123000`. `None` for all else, and for days that no calendar has.
pub fn date(text: &str) -> Option<i64> {
    let mut rest = Digits(text.trim().as_bytes());
    let year = rest.number(4)?;
    let (mut month, mut day, mut whole) = (1, 1, false);
    let dashed = rest.skip(b"-");
    if dashed || rest.digit() {
        month = rest.number(2)?;
        // Without dashes the day is always there: six digits may be a year and a month, or a day of a short year.
        whole = !dashed || rest.skip(b"-");
        if whole {
            day = rest.number(2)?;
        }
    }
    let month_days = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=month_days).contains(&day) || !(whole || rest.0.is_empty()) {
        return None;
    }
    let (mut time, mut zone) = (0, 0);
    if !rest.0.is_empty() {
        let separate = rest.skip(b"Tt ");
        if separate && rest.0.is_empty() {
            return None;
        }
        time = rest.time()?;
        rest.skip(b" ");
        if !rest.skip(b"Zz") && !rest.0.is_empty() {
            let west = rest.0[0] == b'-';
            if !rest.skip(b"+-") {
                return None;
            }
            let (hours, _) = (rest.number(2)?, rest.skip(b":"));
            let minutes = if rest.0.is_empty() { 0 } else { rest.number(2)? };
            zone = (hours * 60 + minutes) * 60_000_000 * if west { -1 } else { 1 };
        }
    }
    rest.0.is_empty().then_some(days(year, month, day) * 86_400_000_000 + time - zone)
}

/// Days from 1970-01-01 in the Gregorian calendar. Years begin in March here, so that the odd day of February is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    before + (153 * month + 2) / 5 + day - 1 - 719_468
}

struct Digits<'t>(&'t [u8]);

impl Digits<'_> {
    /// A number of exactly so many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (head, rest) = self.0.split_at_checked(digits)?;
        if !head.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.0 = rest;
        Some(head.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
    }

    fn skip(&mut self, any: &[u8]) -> bool {
        let found = self.0.first().is_some_and(|byte| any.contains(byte));
        self.0 = &self.0[usize::from(found)..];
        found
    }

    fn digit(&self) -> bool {
        self.0.first().is_some_and(u8::is_ascii_digit)
    }

    /// Microseconds of `hh`, `hh:mm`, `hh:mm:ss`, the same without colons, with any fraction of a second.
    fn time(&mut self) -> Option<i64> {
        let hours = self.number(2)?;
        let (mut minutes, mut seconds, mut fraction) = (0, 0, 0);
        if self.skip(b":") || self.digit() {
            minutes = self.number(2)?;
            if self.skip(b":") || self.digit() {
                seconds = self.number(2)?;
                if self.skip(b".,") {
                    let mut unit = 1_000_000;
                    if !self.digit() {
                        return None;
                    }
                    while let Some(digit) = self.number(1) {
                        unit /= 10;
                        fraction += digit * unit;
                    }
                }
            }
        }
        // A leap second is 60; midnight may be 24:00.
        let whole = hours * 3600 + minutes * 60 + seconds;
        (hours <= 24 && minutes < 60 && seconds <= 60 && whole <= 86_400).then_some(whole * 1_000_000 + fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_iso_8601_has_them() {
        let second = |text| date(text).map(|micros| micros as f64 / 1e6);
        assert_eq!(second("1970-01-01"), Some(0.0));
        assert_eq!(second("2024-02-29T12:30:00Z"), Some(1_709_209_800.0));
        assert_eq!(second("2024-02-29T14:30:00.25+02:00"), Some(1_709_209_800.25));
        assert_eq!(second("20240229123000"), Some(1_709_209_800.0));
        assert_eq!(second("20240229T123000Z"), second("2024-02-29 12:30"));
        assert_eq!(second("2024"), second("2024-01-01T00:00"));
        assert_eq!(second("2024-03"), second("20240301"));
        assert_eq!(second("1969-12-31T23:59:59"), Some(-1.0));
        assert_eq!(second("0001-01-01"), Some(-62_135_596_800.0));
        assert_eq!(second("2024-01-01T00:00-0330"), second("2024-01-01T03:30Z"));
        for wrong in [
            "",
            "n/a",
            "24-01-01",
            "2023-02-29",
            "2024-13-01",
            "2024-1-1",
            "2024-01-01T",
            "2024-01-01T25:00",
            "2024-01-01x",
            "202401",
            "2024-",
            "2024T10",
            "2024-01-01T10:00:00.",
        ] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_day_has_its_number() {
        let mut next = days(1600, 1, 1);
        for year in 1600..2401i64 {
            for month in 1..=12i64 {
                for day in 1..=31i64 {
                    if date(&format!("{year:04}-{month:02}-{day:02}")).is_some() {
                        assert_eq!(days(year, month, day), next, "{year}-{month}-{day}");
                        next += 1;
                    }
                }
            }
        }
    }

    #[test]
    fn ranks_sort_as_the_rule_says() {
        let numbers = [f64::INFINITY, 7.5, 1e-300, 0.0, -0.0, -2.0, f64::NEG_INFINITY, f64::NAN];
        assert!(numbers.map(highest).is_sorted());
        assert_eq!(highest(0.0), highest(-0.0));
        assert!([i64::MAX, 5, 0, -5, i64::MIN].map(highest_int).is_sorted_by(|a, b| a < b));
        assert!([9, 8, 0].map(longest).is_sorted_by(|a, b| a < b));
        assert!(["2024-05-01T01:00+02:00", "2024-04-30T22:00Z", "2024", "never"].map(newest).is_sorted_by(|a, b| a < b));
    }
}
