//! The picture of a Kode Keamanan: strokes in one SVG path, each sign turned, stretched and bent, with a
//! few lines through it. Drawn here, since the page loads nothing and the libraries that draw such
//! pictures bring a whole image library, or a licence that this project cannot take.

use std::fmt::Write;

/// Width of the picture in its own units.
pub(super) const WIDTH: u32 = 220;
/// Height of the picture in its own units.
pub(super) const HEIGHT: u32 = 72;
/// Random bytes that a picture takes.
pub const NOISE_BYTES: usize = 64;

/// Points of a stroke on a grid of 8 by 12, the origin at the top left.
type Stroke = &'static [(i8, i8)];

/// Lines that lead through the signs: bots read either, and people have to.
const LINES: usize = 1;

/// The signs in strokes.
const DRAWN: [(u8, &[Stroke]); 22] = [
    (b'A', &[&[(0, 12), (4, 0), (8, 12)], &[(2, 8), (6, 8)]]),
    (
        b'C',
        &[&[
            (8, 2),
            (5, 0),
            (2, 1),
            (0, 4),
            (0, 8),
            (2, 11),
            (5, 12),
            (8, 10),
        ]],
    ),
    (
        b'D',
        &[&[
            (0, 0),
            (0, 12),
            (4, 12),
            (7, 10),
            (8, 6),
            (7, 2),
            (4, 0),
            (0, 0),
        ]],
    ),
    (
        b'E',
        &[&[(8, 0), (0, 0), (0, 12), (8, 12)], &[(0, 6), (6, 6)]],
    ),
    (b'F', &[&[(8, 0), (0, 0), (0, 12)], &[(0, 6), (6, 6)]]),
    (
        b'H',
        &[&[(0, 0), (0, 12)], &[(8, 0), (8, 12)], &[(0, 6), (8, 6)]],
    ),
    (
        b'J',
        &[
            &[(2, 0), (8, 0)],
            &[(6, 0), (6, 9), (5, 11), (3, 12), (1, 11), (0, 9)],
        ],
    ),
    (
        b'K',
        &[&[(0, 0), (0, 12)], &[(8, 0), (0, 7)], &[(3, 5), (8, 12)]],
    ),
    (b'L', &[&[(0, 0), (0, 12), (8, 12)]]),
    (b'M', &[&[(0, 12), (1, 0), (4, 7), (7, 0), (8, 12)]]),
    (b'N', &[&[(0, 12), (0, 0), (8, 12), (8, 0)]]),
    (
        b'P',
        &[&[(0, 12), (0, 0), (5, 0), (8, 2), (8, 5), (5, 7), (0, 7)]],
    ),
    (
        b'R',
        &[
            &[(0, 12), (0, 0), (5, 0), (8, 2), (8, 4), (5, 6), (0, 6)],
            &[(4, 6), (8, 12)],
        ],
    ),
    (b'T', &[&[(0, 0), (8, 0)], &[(4, 0), (4, 12)]]),
    (
        b'U',
        &[&[(0, 0), (0, 9), (2, 11), (4, 12), (6, 11), (8, 9), (8, 0)]],
    ),
    (b'V', &[&[(0, 0), (4, 12), (8, 0)]]),
    (b'W', &[&[(0, 0), (2, 12), (4, 4), (6, 12), (8, 0)]]),
    (b'X', &[&[(0, 0), (8, 12)], &[(8, 0), (0, 12)]]),
    (b'Y', &[&[(0, 0), (4, 6), (8, 0)], &[(4, 6), (4, 12)]]),
    (
        b'3',
        &[&[
            (0, 1),
            (3, 0),
            (6, 0),
            (8, 2),
            (8, 4),
            (6, 6),
            (3, 6),
            (6, 6),
            (8, 8),
            (8, 10),
            (6, 12),
            (3, 12),
            (0, 11),
        ]],
    ),
    (b'7', &[&[(0, 0), (8, 0), (3, 12)], &[(2, 6), (7, 6)]]),
    (
        b'9',
        &[&[
            (8, 5),
            (6, 7),
            (3, 7),
            (1, 6),
            (0, 4),
            (1, 1),
            (3, 0),
            (6, 0),
            (8, 2),
            (8, 6),
            (7, 10),
            (4, 12),
            (1, 12),
        ]],
    ),
];

/// A sign in strokes; none for a byte that is not drawn.
fn strokes(sign: u8) -> &'static [Stroke] {
    let drawn = DRAWN.iter().find(|(known, _)| *known == sign);
    drawn.map_or(&[], |(_, strokes)| strokes)
}

/// A random byte as a number from -1 to 1.
fn signed(noise: u8) -> f32 {
    (f32::from(noise) - 127.5) / 127.5
}

/// The path data of a picture. The same signs look different with every noise.
pub fn puzzle_path(signs: &[u8], noise: &[u8; NOISE_BYTES]) -> String {
    let mut noise = noise.iter().copied().cycle();
    let mut next = || noise.next().map_or(0.0, signed);
    let mut path = String::new();
    let (bend, phase) = (3.0 + next(), next() * 3.0);
    let mut left = 16.0;
    for sign in signs {
        let (angle, wide, high) = (next() * 0.28, 3.1 + next() * 0.4, 3.3 + next() * 0.4);
        let (dx, dy) = (left + next() * 3.0, 16.0 + next() * 7.0);
        let (sin, cos) = angle.sin_cos();
        for stroke in strokes(*sign) {
            for (at, (x, y)) in stroke.iter().enumerate() {
                let (x, y) = (f32::from(*x - 4) * wide, f32::from(*y - 6) * high);
                let turned = (x * cos - y * sin + 13.0 + dx, x * sin + y * cos + 20.0 + dy);
                let bent = turned.1 + (turned.0 / 22.0 + phase).sin() * bend;
                let command = if at == 0 { 'M' } else { 'L' };
                // A string takes whatever is written to it.
                let _ = write!(path, "{command}{:.1} {bent:.1}", turned.0);
            }
        }
        left += 38.0;
    }
    for _ in 0..LINES {
        let (from, to) = (36.0 + next() * 22.0, 36.0 + next() * 22.0);
        let over = 36.0 + next() * 30.0;
        let _ = write!(path, "M6 {from:.1}Q110 {over:.1} 214 {to:.1}");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::puzzle::SIGNS;

    #[test]
    fn every_sign_is_drawn_and_stays_in_the_picture() {
        for noise in [[0; NOISE_BYTES], [255; NOISE_BYTES], [128; NOISE_BYTES]] {
            for sign in SIGNS {
                assert!(!strokes(*sign).is_empty(), "{}", char::from(*sign));
                let path = puzzle_path(&[*sign; 5], &noise);
                let numbers = path
                    .split(['M', 'L', 'Q', ' '])
                    .filter(|text| !text.is_empty());
                for (at, number) in numbers.map(|text| text.parse::<f32>().unwrap()).enumerate() {
                    let end = if at % 2 == 0 { WIDTH } else { HEIGHT };
                    let inside = (0.0..=f32::from(u16::try_from(end).unwrap())).contains(&number);
                    assert!(inside, "{}: {number} in {path}", char::from(*sign));
                }
            }
        }
    }

    #[test]
    fn the_same_signs_look_different_each_time() {
        let one = puzzle_path(b"AC9AC", &[1; NOISE_BYTES]);
        assert_ne!(one, puzzle_path(b"AC9AC", &[2; NOISE_BYTES]));
        assert!(!one.contains("AC9"));
        assert!(one.len() < 4_000, "{}", one.len());
    }
}
