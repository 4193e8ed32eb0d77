//! QR codes as the numbers of one SVG path, so that the template writes them like any other
//! escaped value.

use super::SecretText;
use qrcode::{Color, EcLevel, QrCode};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::fmt::{self, Write};
use zeroize::Zeroize;

/// Light border in modules on each side (ISO/IEC 18004 section 5.3.8 asks for 4).
const QUIET_ZONE_MODULES: usize = 4;

/// Longest text that is drawn, in bytes. At level M this is version 14, which a cheap phone still
/// reads from a screen at 264 CSS px; an `otpauth://` address has about 120.
const QR_TEXT_BYTES_MAX: usize = 360;

/// Why a text has no QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    /// Longer than a phone reads from a screen (360 bytes).
    #[error("longer than {QR_TEXT_BYTES_MAX} bytes")]
    TooLong,
    /// The encoder refused it.
    #[error("cannot be encoded")]
    Encoding,
}

/// A drawn QR code. It holds the shared secret, so it never prints.
#[derive(Clone, PartialEq, Eq)]
pub struct QrSvg {
    size: usize,
    path: SecretText,
}

impl QrSvg {
    /// Width and height in modules, quiet zone included.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The dark modules as the `d` of an SVG path, one unit per module.
    pub fn path(&self) -> &str {
        self.path.expose()
    }
}

impl fmt::Debug for QrSvg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QrSvg(..)")
    }
}

impl Serialize for QrSvg {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("QrSvg", 2)?;
        fields.serialize_field("size", &self.size)?;
        fields.serialize_field("path", self.path())?;
        fields.end()
    }
}

/// Draws `text` at error level M with its quiet zone.
///
/// # Errors
/// [`QrError`] when the text is too long to be read by a phone, or not encodable.
pub fn qr_svg(text: &str) -> Result<QrSvg, QrError> {
    if text.len() > QR_TEXT_BYTES_MAX {
        return Err(QrError::TooLong);
    }
    let code =
        QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| QrError::Encoding)?;
    let width = code.width();
    let mut colors = code.into_colors();
    let path = path_of(&colors, width);
    colors.fill(Color::Light);
    Ok(QrSvg {
        size: width + 2 * QUIET_ZONE_MODULES,
        path: SecretText::new(path),
    })
}

/// Each run of dark modules in a row as one rectangle.
fn path_of(colors: &[Color], width: usize) -> String {
    let mut path = String::with_capacity(colors.len() * 4);
    for (row, modules) in colors.chunks(width).enumerate() {
        let mut column = 0;
        while column < modules.len() {
            let dark = modules
                .iter()
                .skip(column)
                .take_while(|color| **color == Color::Dark)
                .count();
            if dark > 0 {
                let (x, y) = (column + QUIET_ZONE_MODULES, row + QUIET_ZONE_MODULES);
                if write!(path, "M{x} {y}h{dark}v1h-{dark}z").is_err() {
                    path.zeroize(); // Writing to a String does not fail.
                }
            }
            column += dark + 1;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_draws_exactly_the_dark_modules() {
        let text = "otpauth://totp/LPSE:PPK2?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=LPSE";
        let svg = qr_svg(text).unwrap();
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        assert_eq!(svg.size(), code.width() + 8);
        let mut drawn = vec![Color::Light; code.width() * code.width()];
        for run in svg.path().split('z').filter(|run| !run.is_empty()) {
            let (start, rest) = run.strip_prefix('M').unwrap().split_once('h').unwrap();
            let (x, y) = start.split_once(' ').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            let dark: usize = rest.split_once("v1h-").unwrap().0.parse().unwrap();
            for column in x..x + dark {
                drawn[(y - 4) * code.width() + (column - 4)] = Color::Dark;
            }
        }
        assert_eq!(drawn, code.to_colors());
    }

    #[test]
    fn long_texts_are_refused_and_nothing_prints() {
        assert_eq!(qr_svg(&"a".repeat(361)), Err(QrError::TooLong));
        assert!(qr_svg(&"a".repeat(360)).is_ok());
        assert_eq!(format!("{:?}", qr_svg("secret").unwrap()), "QrSvg(..)");
    }
}
