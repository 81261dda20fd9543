//! Numbers as a reader expects them in print.

/// `x` with `decimals` places, a comma between thousands and a true minus sign; a dash when it is not finite.
pub fn number(x: f64, decimals: usize) -> String {
    if !x.is_finite() {
        return "–".into();
    }
    let digits = format!("{:.decimals$}", x.abs());
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut text = String::new();
    // Minus zero, and what rounds to it, has no sign in print.
    if x < 0.0 && digits.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) {
        text.push('−');
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

/// `x` with as many decimals as `digits` significant digits need, none when the whole part has them already.
pub fn significant(x: f64, digits: i32) -> String {
    if x == 0.0 || !x.is_finite() {
        return number(x, 0);
    }
    let magnitude = x.abs().log10().floor() as i32;
    number(x, (digits - 1 - magnitude).max(0) as usize)
}

/// A whole number with a comma between thousands.
pub fn count(n: usize) -> String {
    number(n as f64, 0)
}

/// A fraction as a percentage.
pub fn percent(share: f64, decimals: usize) -> String {
    format!("{}%", number(100.0 * share, decimals))
}

/// `1 digit`, `2 digits`.
pub fn plural(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// Seconds as a reader says them: `9.4 s`, `12 min 05 s`, `3 h 07 min`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "–".into();
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{} s", significant(seconds, 2)),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}
