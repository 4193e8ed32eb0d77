//! Pictures made small: what Chromium draws of a page has few colours, but its PNGs spend three bytes on
//! each dot. Reduced to the colours that count, and written with a palette.

use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Transformations};
use std::collections::BTreeMap;
use std::io::Cursor;

/// Colours of a picture: text on few backgrounds, with the steps of its smoothed edges.
const COLOURS: usize = 32;

type Colour = [u8; 3];

/// Width and height in dots.
pub(super) fn size(png: &[u8]) -> (u32, u32) {
    Decoder::new(Cursor::new(png))
        .read_info()
        .unwrap()
        .info()
        .size()
}

/// The same picture with a palette.
pub(super) fn with_palette(png: &[u8]) -> Vec<u8> {
    let (width, height) = size(png);
    let dots = dots(png);
    assert_eq!(dots.len(), (width * height) as usize);
    let (palette, places) = palette(&dots);
    let places: Vec<u8> = dots.iter().map(|colour| places[colour]).collect();
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, width, height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_compression(Compression::High);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&places).unwrap();
    writer.finish().unwrap();
    out
}

/// Width and height of a film.
const FILM: (usize, usize) = (640, 480);
/// A film of one still picture, as a camera that looks at it: YUV4MPEG2, grey on white, and as large as
/// whole dots allow.
pub(super) fn film(png: &[u8]) -> Vec<u8> {
    let (width, height) = size(png);
    let (width, height) = (width as usize, height as usize);
    let dots = dots(png);
    let (wide, high) = FILM;
    let scale = (wide / width).min(high / height);
    assert!(scale > 0, "{width} by {height} dots are too many");
    let left = (wide - width * scale) / 2;
    let top = (high - height * scale) / 2;
    let mut light = vec![235; wide * high];
    for y in 0..height * scale {
        for x in 0..width * scale {
            let dot = dots[y / scale * width + x / scale];
            let sum: u32 = dot.iter().map(|part| u32::from(*part)).sum();
            light[(top + y) * wide + left + x] = u8::try_from(16 + sum * 219 / 765).unwrap();
        }
    }
    let mut film = format!("YUV4MPEG2 W{wide} H{high} F10:1 Ip A1:1 C420mpeg2\n").into_bytes();
    for _ in 0..10 {
        film.extend_from_slice(b"FRAME\n");
        film.extend_from_slice(&light);
        film.resize(film.len() + wide * high / 2, 128);
    }
    film
}

/// The dots of a picture, row by row; alpha is left out.
fn dots(png: &[u8]) -> Vec<Colour> {
    let mut decoder = Decoder::new(Cursor::new(png));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut data).unwrap();
    let bytes = match frame.color_type {
        ColorType::Rgb => 3,
        ColorType::Rgba => 4,
        other => panic!("colour type {other:?}"),
    };
    let dots = data.chunks_exact(bytes);
    dots.map(|dot| [dot[0], dot[1], dot[2]]).collect()
}

/// The colours that are used most, and for each colour the nearest of them.
fn palette(dots: &[Colour]) -> (Vec<Colour>, BTreeMap<Colour, u8>) {
    let mut uses: BTreeMap<Colour, usize> = BTreeMap::new();
    for colour in dots {
        *uses.entry(*colour).or_default() += 1;
    }
    let mut palette: Vec<Colour> = uses.keys().copied().collect();
    palette.sort_by_key(|colour| std::cmp::Reverse(uses[colour]));
    palette.truncate(COLOURS);
    let nearest = |colour: &Colour| {
        let far = |known: &Colour| -> i32 {
            let sides = known.iter().zip(colour);
            sides
                .map(|(a, b)| (i32::from(*a) - i32::from(*b)).pow(2))
                .sum()
        };
        let (place, _) = palette
            .iter()
            .enumerate()
            .min_by_key(|(_, known)| far(known))
            .unwrap();
        u8::try_from(place).unwrap()
    };
    let places = uses.keys().map(|colour| (*colour, nearest(colour)));
    let places = places.collect();
    (palette, places)
}

#[test]
fn a_picture_of_few_colours_stays_as_it_is() {
    // Two rows of three dots.
    let data = [
        255, 255, 255, 0, 0, 0, 9, 8, 7, //
        255, 255, 255, 0, 0, 0, 10, 9, 8,
    ];
    let mut png = Vec::new();
    let mut encoder = Encoder::new(&mut png, 3, 2);
    encoder.set_color(ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&data).unwrap();
    writer.finish().unwrap();
    let before = dots(&png);
    assert_eq!(before[3..], [[255, 255, 255], [0, 0, 0], [10, 9, 8]]);
    let small = with_palette(&png);
    assert_eq!(size(&small), (3, 2));
    assert_eq!(dots(&small), before, "no dot has changed");
    let (palette, places) = palette(&before);
    assert_eq!(palette.len(), 4);
    assert!(
        places
            .iter()
            .all(|(colour, at)| palette[usize::from(*at)] == *colour)
    );
}
