//! Punycode (RFC 3492): the ASCII form of a host label with other characters. Encoding only: lists and hosts are compared in ASCII.

const BASE: u32 = 36;
const TMIN: u32 = 1;
const TMAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const FIRST_BIAS: u32 = 72;
const FIRST_CODE: u32 = 128;

/// Longest label in characters that is encoded: DNS allows 63 bytes, and the work grows with the square.
const LONGEST: usize = 63;

/// Appends the punycode of `label`, without the `xn--`. `false`, and nothing appended, where the label is too long to be one.
pub fn encode(label: &str, out: &mut String) -> bool {
    let points: Vec<u32> = label.chars().take(LONGEST + 1).map(u32::from).collect();
    if points.len() > LONGEST {
        return false;
    }
    let basic = label.chars().filter(char::is_ascii).inspect(|c| out.push(*c)).count() as u32;
    if basic > 0 {
        out.push('-');
    }
    let (mut code, mut delta, mut bias, mut done) = (FIRST_CODE, 0, FIRST_BIAS, basic);
    while let Some(next) = points.iter().copied().filter(|point| *point >= code).min() {
        // At most 63 labels' characters times 0x10FFFF: no overflow.
        delta += (next - code) * (done + 1);
        code = next;
        for point in &points {
            delta += u32::from(*point < code);
            if *point == code {
                write_number(delta, bias, out);
                bias = adapt(delta, done + 1, done == basic);
                delta = 0;
                done += 1;
            }
        }
        delta += 1;
        code += 1;
    }
    true
}

fn write_number(mut number: u32, bias: u32, out: &mut String) {
    for k in (BASE..).step_by(BASE as usize) {
        let threshold = k.saturating_sub(bias).clamp(TMIN, TMAX);
        if number < threshold {
            break;
        }
        out.push(digit(threshold + (number - threshold) % (BASE - threshold)));
        number = (number - threshold) / (BASE - threshold);
    }
    out.push(digit(number));
}

fn digit(value: u32) -> char {
    char::from(if value < 26 { b'a' + value as u8 } else { b'0' + (value - 26) as u8 })
}

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > (BASE - TMIN) * TMAX / 2 {
        delta /= BASE - TMIN;
        k += BASE;
    }
    k + (BASE - TMIN + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_what_registries_write() {
        for (label, wanted) in
            [("bücher", "bcher-kva"), ("münchen", "mnchen-3ya"), ("例え", "r8jz45g"), ("中国", "fiqs8s"), ("испытание", "80akhbyknj4f"), ("ü", "tda")]
        {
            let mut out = String::new();
            assert!(encode(label, &mut out));
            assert_eq!(out, wanted);
        }
    }

    #[test]
    fn a_label_too_long_to_be_one_is_refused() {
        let mut out = String::new();
        assert!(!encode(&"ü".repeat(64), &mut out));
        assert_eq!(out, "");
        assert!(encode(&"\u{10FFFF}".repeat(63), &mut out));
    }
}
