//! Signs that people read off a screen or paper and type again: Crockford's base32, which has no I, L, O and
//! U; whoever reads one of them means 1, 1, 0 and V.

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The sign of five bits; a value beyond them has none.
pub(crate) fn sign_of(value: u128) -> char {
    let sign = usize::try_from(value).ok().and_then(|at| ALPHABET.get(at));
    char::from(sign.copied().unwrap_or(b'?'))
}

/// Blanks, and hyphens and dashes of all kinds: whoever copies a code brings them along.
pub(crate) fn parts_groups(sign: char) -> bool {
    sign.is_whitespace() || matches!(sign, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '_' | '.')
}

/// The five bits of a sign.
pub(crate) fn value_of(sign: char) -> Option<u8> {
    // Some keyboards write full-width signs (U+FF01 to U+FF5E).
    let sign = match sign {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(sign) - 0xfee0)?,
        _ => sign,
    };
    let sign = match sign.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        'U' => 'V',
        other => other,
    };
    let sign = u8::try_from(sign).ok()?;
    let at = ALPHABET.iter().position(|known| *known == sign)?;
    u8::try_from(at).ok()
}
