//! gzip: read where a page has to be read, written where it is safe and the client takes it.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, MultiGzDecoder};
use std::io::{self, Write};

/// What one piece of at most 64 KiB may become, in bytes: text grows ten times, a bomb a thousand.
const UNPACKED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Fast, and near enough to what more work would give.
const LEVEL: u32 = 4;

/// Unpacks an answer.
#[derive(Debug)]
pub(super) struct Unzip {
    decoder: MultiGzDecoder<Capped>,
    begun: bool,
}

/// It is no gzip, it broke off, or one piece of it grows beyond measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

impl Unzip {
    pub(super) fn new() -> Self {
        Self {
            decoder: MultiGzDecoder::new(Capped(Vec::new())),
            begun: false,
        }
    }

    /// Unpacks the next piece.
    ///
    /// # Errors
    /// [`Broken`]: what came before was right, nothing more may go down.
    pub(super) fn feed(
        &mut self,
        piece: Option<&Bytes>,
        end: bool,
    ) -> Result<Option<Bytes>, Broken> {
        if let Some(piece) = piece {
            self.begun |= !piece.is_empty();
            self.decoder.write_all(piece).map_err(|_| Broken)?;
            self.decoder.flush().map_err(|_| Broken)?;
        }
        if end && self.begun {
            self.decoder.try_finish().map_err(|_| Broken)?;
        }
        let out = std::mem::take(&mut self.decoder.get_mut().0);
        Ok((!out.is_empty()).then(|| out.into()))
    }
}

/// Takes so many bytes and no more.
#[derive(Debug)]
struct Capped(Vec<u8>);

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > UNPACKED_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Packs an answer; each piece can be unpacked as soon as it is there.
#[derive(Debug)]
pub(super) struct Zip(GzEncoder<Vec<u8>>);

impl Zip {
    pub(super) fn new() -> Self {
        Self(GzEncoder::new(Vec::new(), Compression::new(LEVEL)))
    }

    /// Packs the next piece.
    ///
    /// # Errors
    /// [`Broken`] never happens: memory takes every byte.
    pub(super) fn feed(
        &mut self,
        piece: Option<&Bytes>,
        end: bool,
    ) -> Result<Option<Bytes>, Broken> {
        if let Some(piece) = piece {
            self.0.write_all(piece).map_err(|_| Broken)?;
        }
        if end {
            self.0.try_finish().map_err(|_| Broken)?;
        } else if piece.is_some() {
            self.0.flush().map_err(|_| Broken)?;
        }
        let out = std::mem::take(self.0.get_mut());
        Ok((!out.is_empty()).then(|| out.into()))
    }
}

/// Whether a Content-Encoding is gzip and nothing else.
pub(super) fn is_gzip(coding: &[u8]) -> bool {
    let coding = coding.trim_ascii();
    coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip")
}

/// Whether an Accept-Encoding takes gzip (RFC 9110 section 12.5.3): by name, else by `*`, and not
/// with the weight 0.
pub(super) fn takes_gzip(accepted: &[u8]) -> bool {
    let mut any = false;
    for item in accepted.split(|byte| *byte == b',') {
        let mut parts = item.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let refused = parts.any(is_zero_weight);
        if is_gzip(name) {
            return !refused;
        }
        any |= name == b"*" && !refused;
    }
    any
}

/// `q=0`, `q=0.0`, `q=0.000`; a weight that is none counts as one, to be careful.
fn is_zero_weight(parameter: &[u8]) -> bool {
    let Some((name, value)) = parameter.split_at_checked(1) else {
        return false;
    };
    let value = value.trim_ascii_start().strip_prefix(b"=");
    name.eq_ignore_ascii_case(b"q")
        && value.is_some_and(|value| {
            let value = std::str::from_utf8(value.trim_ascii()).unwrap_or_default();
            !value.parse::<f32>().is_ok_and(|weight| weight > 0.0)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packed(pieces: &[&[u8]]) -> Vec<u8> {
        let mut zip = Zip::new();
        let mut out = Vec::new();
        for piece in pieces {
            let piece = Bytes::copy_from_slice(piece);
            out.extend(zip.feed(Some(&piece), false).unwrap().unwrap_or_default());
        }
        out.extend(zip.feed(None, true).unwrap().unwrap_or_default());
        out
    }

    fn unpacked(bytes: &[u8], size: usize) -> Result<Vec<u8>, Broken> {
        let mut unzip = Unzip::new();
        let mut out = Vec::new();
        for piece in bytes.chunks(size) {
            let piece = Bytes::copy_from_slice(piece);
            out.extend(unzip.feed(Some(&piece), false)?.unwrap_or_default());
        }
        out.extend(unzip.feed(None, true)?.unwrap_or_default());
        Ok(out)
    }

    #[test]
    fn who_takes_gzip() {
        for (accepted, takes) in [
            ("gzip", true),
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, X-GZIP;q=0.5", true),
            ("*", true),
            ("identity, *;q=0.1", true),
            ("", false),
            ("identity", false),
            ("br, deflate", false),
            ("gzip;q=0", false),
            ("gzip; Q = 0.000, *", false),
            ("gzip;q=nonsense", false),
            ("*;q=0", false),
            ("gzipped", false),
        ] {
            assert_eq!(takes_gzip(accepted.as_bytes()), takes, "{accepted}");
        }
        assert!(is_gzip(b" GZip ") && !is_gzip(b"gzip, br") && !is_gzip(b""));
    }

    #[test]
    fn every_piece_can_be_read_at_once() {
        let mut zip = Zip::new();
        let mut unzip = Unzip::new();
        for piece in [&b"<p>one</p>"[..], b"two", b""] {
            let piece = Bytes::copy_from_slice(piece);
            let went = zip.feed(Some(&piece), false).unwrap();
            let got = unzip.feed(went.as_ref(), false).unwrap();
            assert_eq!(got.unwrap_or_default(), piece);
        }
    }

    #[test]
    fn what_is_no_gzip_or_breaks_off_is_told() {
        let whole = packed(&[b"hello hello hello"]);
        assert_eq!(unpacked(&whole, 3).unwrap(), b"hello hello hello");
        for broken in [&b"plain text"[..], &whole[..whole.len() - 1], &whole[..5]] {
            assert_eq!(unpacked(broken, 4), Err(Broken), "{broken:?}");
        }
        assert_eq!(unpacked(b"", 1).unwrap(), b"", "an answer without a body");
        let twice = [whole.clone(), whole.clone()].concat();
        assert_eq!(
            unpacked(&twice, 7).unwrap(),
            b"hello hello hellohello hello hello"
        );
        let tail = [&whole[..], b"junk"].concat();
        assert_eq!(unpacked(&tail, 100), Err(Broken));
    }

    #[test]
    fn a_bomb_is_cut() {
        let zeros = vec![0; UNPACKED_BYTES_MAX + 1];
        let bomb = packed(&[&zeros]);
        assert!(bomb.len() < 64 * 1024, "{}", bomb.len());
        assert_eq!(unpacked(&bomb, bomb.len()), Err(Broken));
        // In small pieces it is a long page.
        assert_eq!(unpacked(&bomb, 1_000).unwrap().len(), zeros.len());
    }

    proptest! {
        /// What was packed is what is unpacked, however both come in pieces.
        #[test]
        fn there_and_back(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..6),
                          size in 1usize..100) {
            let parts: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(unpacked(&packed(&parts), size).unwrap(), pieces.concat());
        }

        /// No bytes make it panic.
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), size in 1usize..50) {
            let _ = unpacked(&bytes, size);
            let _ = takes_gzip(&bytes);
        }
    }
}
