//! Pictures made small: what Chromium draws of a page has few colours, but its PNGs spend three bytes on
//! each dot. Read (PNG section 9: filters), reduced to the colours that count, written with a palette.

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::collections::BTreeMap;
use std::io::{Read, Write};

/// Colours of a picture: text on few backgrounds, with the steps of its smoothed edges.
const COLOURS: usize = 32;

type Colour = [u8; 3];

/// Width and height in dots.
pub(super) fn size(png: &[u8]) -> (u32, u32) {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "no PNG");
    (number(&png[16..]), number(&png[20..]))
}

/// The same picture with a palette.
pub(super) fn with_palette(png: &[u8]) -> Vec<u8> {
    let (width, height) = size(png);
    let rows = rows(png, width as usize);
    assert_eq!(rows.len(), height as usize);
    let (palette, places) = palette(&rows);
    let mut data = Vec::new();
    for row in &rows {
        data.push(0);
        data.extend(row.iter().map(|colour| places[colour]));
    }
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
    packer.write_all(&data).unwrap();
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    // Eight bits for a dot, by palette; the only packing, filter and order without interlacing.
    head.extend([8, 3, 0, 0, 0]);
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, body) in [
        (b"IHDR", head),
        (b"PLTE", palette.concat()),
        (b"IDAT", packer.finish().unwrap()),
        (b"IEND", Vec::new()),
    ] {
        chunk(&mut out, kind, &body);
    }
    out
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

fn chunk(out: &mut Vec<u8>, kind: &[u8], body: &[u8]) {
    out.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    let named = [kind, body].concat();
    let mut sum = flate2::Crc::new();
    sum.update(&named);
    out.extend(named);
    out.extend(sum.sum().to_be_bytes());
}

/// The dots of a picture with eight bits for red, green, blue and perhaps alpha, which is left out.
fn rows(png: &[u8], width: usize) -> Vec<Vec<Colour>> {
    let bytes = match png[25] {
        2 => 3,
        6 => 4,
        other => panic!("colour type {other}"),
    };
    let (mut at, mut packed) = (8, Vec::new());
    while at < png.len() {
        let length = number(&png[at..]) as usize;
        if &png[at + 4..at + 8] == b"IDAT" {
            packed.extend(&png[at + 8..at + 8 + length]);
        }
        at += 12 + length;
    }
    let mut data = Vec::new();
    ZlibDecoder::new(&packed[..])
        .read_to_end(&mut data)
        .unwrap();
    let mut above = vec![0; width * bytes];
    let mut rows = Vec::new();
    for line in data.chunks(1 + width * bytes) {
        let mut row = line[1..].to_vec();
        for x in 0..row.len() {
            let left = if x < bytes { 0 } else { row[x - bytes] };
            let corner = if x < bytes { 0 } else { above[x - bytes] };
            let up = above[x];
            let guess = match line[0] {
                0 => 0,
                1 => left,
                2 => up,
                3 => u8::midpoint(left, up),
                4 => paeth(left, up, corner),
                other => panic!("filter {other}"),
            };
            row[x] = row[x].wrapping_add(guess);
        }
        rows.push(
            row.chunks(bytes)
                .map(|dot| [dot[0], dot[1], dot[2]])
                .collect(),
        );
        above = row;
    }
    rows
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let far = |value: u8| (guess - i16::from(value)).abs();
    if far(left) <= far(up) && far(left) <= far(corner) {
        left
    } else if far(up) <= far(corner) {
        up
    } else {
        corner
    }
}

/// The colours that are used most, and for each colour the nearest of them.
fn palette(rows: &[Vec<Colour>]) -> (Vec<Colour>, BTreeMap<Colour, u8>) {
    let mut uses: BTreeMap<Colour, usize> = BTreeMap::new();
    for colour in rows.iter().flatten() {
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
    // Two rows of three dots, the second as differences to the first (filter 2).
    let data = [
        &[0, 255, 255, 255, 0, 0, 0, 9, 8, 7][..],
        &[2, 0, 0, 0, 0, 0, 0, 1, 1, 1],
    ];
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&data.concat()).unwrap();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &[0, 0, 0, 3, 0, 0, 0, 2, 8, 2, 0, 0, 0]);
    chunk(&mut png, b"IDAT", &packer.finish().unwrap());
    chunk(&mut png, b"IEND", &[]);
    let rows = rows(&png, 3);
    assert_eq!(rows[1], [[255, 255, 255], [0, 0, 0], [10, 9, 8]]);
    let small = with_palette(&png);
    assert_eq!(size(&small), (3, 2));
    let (palette, places) = palette(&rows);
    assert_eq!(palette.len(), 4);
    assert!(
        places
            .iter()
            .all(|(colour, at)| palette[usize::from(*at)] == *colour)
    );
}
