//! The chapters of the guides, step by step. A step's sentence and its picture's description stand in
//! the message files; the browser story of the same name takes the picture.

use crate::render::pictures::Picture;
use crate::render::problem::WordsError;
use crate::render::words::{Say, Words};
use serde_json::{Value, json};

/// A chapter: anchor and name of its messages, in parts.
struct Chapter {
    id: &'static str,
    parts: &'static [Part],
}

/// Steps that belong together.
struct Part {
    /// Anchor; its title is `help.<chapter>.<part>_title`. Empty: the chapter has one part alone.
    id: &'static str,
    /// Only where letters are sent.
    by_mail: bool,
    steps: &'static [Step],
}

/// One step: its sentence is `help.<chapter>.<key>`.
struct Step {
    key: &'static str,
    picture: Option<&'static str>,
}

const fn told(key: &'static str) -> Step {
    Step { key, picture: None }
}

const fn shown(key: &'static str, picture: &'static str) -> Step {
    let picture = Some(picture);
    Step { key, picture }
}

const fn whole(steps: &'static [Step]) -> [Part; 1] {
    [Part {
        id: "",
        by_mail: false,
        steps,
    }]
}

/// In the order of the guides (G2).
const CHAPTERS: [Chapter; 6] = [
    Chapter {
        id: "unduh",
        parts: &whole(&[told("store"), told("android"), told("ios"), told("clock")]),
    },
    Chapter {
        id: "aktivasi",
        parts: &whole(&[
            told("login"),
            told("password"),
            told("link"),
            told("proof"),
            shown("scan", "activation"),
            shown("code", "code"),
            shown("codes", "codes"),
            told("home"),
        ]),
    },
    Chapter {
        id: "login",
        parts: &whole(&[
            told("password"),
            shown("acceptor", "acceptor"),
            told("code"),
            told("time"),
            told("home"),
        ]),
    },
    Chapter {
        id: "hp",
        parts: &[
            Part {
                id: "sambung",
                by_mail: false,
                steps: &[
                    told("sambung_open"),
                    told("sambung_scan"),
                    told("sambung_type"),
                    told("sambung_done"),
                ],
            },
            Part {
                id: "setuju",
                by_mail: false,
                steps: &[
                    told("setuju_open"),
                    told("setuju_look"),
                    told("setuju_number"),
                    told("setuju_no"),
                ],
            },
        ],
    },
    Chapter {
        id: "reset",
        parts: &[
            Part {
                id: "kode",
                by_mail: false,
                steps: &[
                    told("kode_login"),
                    shown("kode_type", "recover"),
                    shown("kode_phone", "recovered"),
                    told("kode_activate"),
                ],
            },
            Part {
                id: "email",
                by_mail: true,
                steps: &[
                    shown("email_link", "login"),
                    shown("email_form", "reset"),
                    told("email_mail"),
                    shown("email_confirm", "confirm"),
                    shown("email_code", "confirmed"),
                    shown("email_login", "lost"),
                    told("email_activate"),
                ],
            },
            Part {
                id: "alamat",
                by_mail: true,
                steps: &[
                    told("alamat_open"),
                    shown("alamat_type", "address"),
                    told("alamat_confirm"),
                ],
            },
            Part {
                id: "petugas",
                by_mail: false,
                steps: &[
                    told("petugas_link"),
                    told("petugas_ask"),
                    shown("petugas_code", "proof"),
                    told("petugas_activate"),
                ],
            },
        ],
    },
    Chapter {
        id: "disable",
        parts: &whole(&[
            shown("link", "link"),
            shown("code", "status"),
            shown("done", "disabled"),
            told("again"),
        ]),
    },
];

/// The chapters as the template shows them.
pub(super) fn views(by_mail: bool, contact: &str, words: &Words) -> Result<Vec<Value>, WordsError> {
    CHAPTERS
        .iter()
        .map(|chapter| {
            let parts = chapter.parts.iter();
            let parts = parts.filter(|part| by_mail || !part.by_mail);
            let parts: Result<Vec<Value>, WordsError> = parts
                .map(|part| part.view(chapter.id, contact, words))
                .collect();
            Ok(json!({
                "id": chapter.id,
                "title": Say::key(format!("help.{}.title", chapter.id)),
                "intro": Say::key(format!("help.{}.intro", chapter.id)),
                "parts": parts?,
                "note": Say::key(format!("help.{}.note", chapter.id)),
            }))
        })
        .collect()
}

impl Part {
    fn view(&self, chapter: &str, contact: &str, words: &Words) -> Result<Value, WordsError> {
        let title = Say::key(format!("help.{chapter}.{}_title", self.id));
        let steps: Result<Vec<Value>, WordsError> = self
            .steps
            .iter()
            .map(|step| step.view(chapter, contact, words))
            .collect();
        Ok(json!({
            "id": format!("{chapter}-{}", self.id),
            "title": (!self.id.is_empty()).then_some(title),
            "steps": steps?,
        }))
    }
}

impl Step {
    fn view(&self, chapter: &str, contact: &str, words: &Words) -> Result<Value, WordsError> {
        let say = Say::key(format!("help.{chapter}.{}", self.key));
        // What other pages say is not said anew.
        let same = |key| words.say(&Say::key(key));
        let say = match self.key {
            "android" => say.with("apps", same("activation.apps_android_list")?),
            "ios" => say.with("apps", same("activation.apps_ios_list")?),
            "petugas_ask" => say.with("contact", contact),
            _ => say,
        };
        let picture = self.picture.and_then(Picture::of);
        Ok(json!({ "say": say, "picture": picture.map(Picture::view) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::pictures::PICTURES;
    use std::collections::BTreeSet;

    #[test]
    fn every_picture_belongs_to_one_step_and_is_there() {
        let steps = CHAPTERS.iter().flat_map(|chapter| chapter.parts);
        let steps = steps.flat_map(|part| part.steps);
        let named: Vec<&str> = steps.filter_map(|step| step.picture).collect();
        for name in &named {
            assert!(Picture::of(name).is_some(), "{name}");
        }
        let once: BTreeSet<&str> = named.iter().copied().collect();
        assert_eq!(once.len(), named.len());
        assert_eq!(once.len(), PICTURES.len());
    }
}
