//! Pictures of the help page. The browser story `browser_help` takes them from the pages themselves
//! (`GERBANG_HELP_PICTURES=1`); what is seen in them is of a store that was thrown away.

use super::words::Say;
use serde_json::{Value, json};

/// A picture of a phone's screen that has two dots for each pixel; shown at four fifths of its size.
pub(super) struct Picture {
    /// Name: `<name>.png` in the folder of assets, described by `picture.<name>`.
    name: &'static str,
    /// Path of the asset below the static folder.
    pub(super) asset: &'static str,
    /// The file.
    pub(super) png: &'static [u8],
}

macro_rules! pictures {
    ($($name:literal),* $(,)?) => {
        &[$(Picture {
            name: $name,
            asset: concat!("help/", $name, ".png"),
            png: include_bytes!(concat!("../../templates/static/help/", $name, ".png")),
        }),*]
    };
}

/// All of them.
pub(super) const PICTURES: &[Picture] = pictures![
    "acceptor",
    "activation",
    "address",
    "code",
    "codes",
    "confirm",
    "confirmed",
    "disabled",
    "link",
    "login",
    "lost",
    "proof",
    "recover",
    "recovered",
    "reset",
    "status",
];

/// Icons of the phone's app, by the path of the asset.
pub(super) const ICONS: &[(&str, &[u8])] = &[
    (
        "phone/icon-192.png",
        include_bytes!("../../templates/static/phone/icon-192.png"),
    ),
    (
        "phone/icon-512.png",
        include_bytes!("../../templates/static/phone/icon-512.png"),
    ),
];

impl Picture {
    /// The picture of that name.
    pub(super) fn of(name: &str) -> Option<&'static Self> {
        PICTURES.iter().find(|picture| picture.name == name)
    }

    /// For the template. Both sides in CSS pixels: the browser keeps the place free.
    pub(super) fn view(&self) -> Value {
        let (width, height) = size(self.png).unwrap_or_default();
        json!({
            "asset": self.asset,
            "alt": Say::key(format!("picture.{}", self.name)),
            "width": width * 2 / 5,
            "height": height * 2 / 5,
        })
    }
}

/// Width and height in dots, from the header that every PNG begins with (PNG section 11.2.1).
fn size(png: &[u8]) -> Option<(u32, u32)> {
    let rest = png.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")?;
    let (width, rest) = rest.split_first_chunk()?;
    let (height, _) = rest.split_first_chunk()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest picture, and all of them, in bytes.
    const ONE_MAX: usize = 40_000;
    const ALL_MAX: usize = 400_000;

    #[test]
    fn pictures_are_small_pngs_that_fit_a_phone() {
        let mut all = 0;
        for picture in PICTURES {
            let (width, height) = size(picture.png).unwrap();
            assert!(
                width == 720 && (60..=1500).contains(&height),
                "{}: {width} x {height}",
                picture.name
            );
            assert!(
                picture.png.len() <= ONE_MAX,
                "{}: {} bytes",
                picture.name,
                picture.png.len()
            );
            assert!(picture.png.ends_with(b"IEND\xaeB`\x82"), "{}", picture.name);
            all += picture.png.len();
        }
        assert!(all <= ALL_MAX, "{all} bytes");
        assert_eq!(size(b"GIF89a"), None);
    }
}
