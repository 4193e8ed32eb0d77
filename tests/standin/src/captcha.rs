//! The captcha of the password form: black glyphs on a transparent PNG, as POKJA's notes describe SPSE's
//! (`spse44.md` section 3). Compared without regard to case.

use ring::rand::{SecureRandom, SystemRandom};

use crate::http::encode;

const WIDTH: u32 = 150;
const HEIGHT: u32 = 50;
/// Edge of a glyph's dot, in pixels.
const DOT: u32 = 4;
/// How many characters a code has.
const LENGTH: usize = 5;

/// Glyphs of 5 by 7 dots, one byte a row, the leftmost dot in bit 4. Characters that look like others are left out.
const GLYPHS: [(char, [u8; 7]); 16] = [
    ('A', [0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11]),
    ('C', [0x0e, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0e]),
    ('E', [0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f]),
    ('F', [0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x10]),
    ('H', [0x11, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11]),
    ('K', [0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11]),
    ('L', [0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f]),
    ('N', [0x11, 0x19, 0x19, 0x15, 0x13, 0x13, 0x11]),
    ('P', [0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10, 0x10]),
    ('T', [0x1f, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04]),
    ('X', [0x11, 0x11, 0x0a, 0x04, 0x0a, 0x11, 0x11]),
    ('Y', [0x11, 0x11, 0x0a, 0x04, 0x04, 0x04, 0x04]),
    ('3', [0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e]),
    ('4', [0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02]),
    ('7', [0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08]),
    ('9', [0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c]),
];

/// A new code.
pub(crate) fn code() -> String {
    let mut bytes = [0u8; LENGTH];
    // Without randomness it is the same letter five times, which a tester sees.
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes
        .iter()
        .map(|byte| GLYPHS[usize::from(*byte) % GLYPHS.len()].0)
        .collect()
}

/// The code as a PNG.
pub(crate) fn picture(code: &str) -> Vec<u8> {
    let mut pixels = vec![0u8; (WIDTH * HEIGHT * 4) as usize];
    let mut black = |x: u32, y: u32| {
        if x < WIDTH && y < HEIGHT {
            pixels[((y * WIDTH + x) * 4 + 3) as usize] = 255;
        }
    };
    // The grid behind the glyphs.
    for x in (6..WIDTH).step_by(16) {
        (0..HEIGHT).for_each(|y| black(x + y / 12, y));
    }
    for y in (8..HEIGHT).step_by(16) {
        (0..WIDTH).for_each(|x| black(x, y + x / 50));
    }
    for (place, letter) in (0u32..).zip(code.chars()) {
        let Some((_, rows)) = GLYPHS.iter().find(|(glyph, _)| *glyph == letter) else {
            continue;
        };
        let (left, top) = (8 + place * 28, 9 + place % 3 * 3);
        for (y, row) in (0u32..).zip(rows) {
            for x in (0..5).filter(|x| row & (0x10 >> x) != 0) {
                for dot in 0..DOT * DOT {
                    black(left + x * DOT + dot % DOT, top + y * DOT + dot / DOT);
                }
            }
        }
    }
    encode::png(WIDTH, HEIGHT, &pixels)
}
