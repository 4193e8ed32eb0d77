//! Templates, words and assets together: the one thing that the pages room holds.

use super::asset::Asset;
use super::frame::Frame;
use super::helpers::{self, AssetPaths};
use super::lint::lint;
use super::mail::{self, Letterhead, MailContent, Written};
use super::notice::Message;
use super::page::recovery::RecoveryList;
use super::page::{Page, View};
use super::pictures::{ICONS, PICTURES};
use super::problem::{RenderError, TemplateProblem};
use super::secret_text::SecretText;
use super::source::{BUILTIN, read_overrides};
use super::words::{Say, Words};
use crate::primitives::Lang;
use handlebars::Handlebars;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// The two templates of mails.
const MAIL_TEXT: &str = "mails/letter.txt";
const MAIL_HTML: &str = "mails/letter.html";

/// Renders every page in both languages.
pub struct Renderer {
    id: Engine,
    en: Engine,
    assets: BTreeMap<String, Asset>,
}

struct Engine {
    words: Arc<Words>,
    templates: Handlebars<'static>,
    /// Templates of text that is no HTML, and is not escaped.
    plain: Handlebars<'static>,
}

impl std::fmt::Debug for Renderer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Renderer(..)")
    }
}

impl Renderer {
    /// The built-in templates.
    ///
    /// # Errors
    /// All problems at once; a test keeps it at none.
    pub fn builtin() -> Result<Self, Vec<TemplateProblem>> {
        Self::from_overrides(&BTreeMap::new())
    }

    /// The built-in templates with what the operator's folder replaces: a file of the same name
    /// below `dir` (`layout.hbs`, `pages/acceptor.hbs`, `static/style.css` ...) replaces the whole
    /// file; `messages/id.toml` and `messages/en.toml` need only hold the messages that change.
    /// Every page is rendered with its samples before anything is accepted.
    ///
    /// # Errors
    /// All problems at once, with file and line.
    pub fn with_overrides(dir: &Path) -> Result<Self, Vec<TemplateProblem>> {
        let renderer = Self::from_overrides(&read_overrides(dir)?)?;
        let problems = renderer.check();
        if problems.is_empty() {
            Ok(renderer)
        } else {
            Err(problems)
        }
    }

    fn from_overrides(over: &BTreeMap<&'static str, String>) -> Result<Self, Vec<TemplateProblem>> {
        let mut problems = Vec::new();
        let files: BTreeMap<&'static str, &str> = BUILTIN
            .iter()
            .map(|(file, text)| (*file, over.get(file).map_or(*text, String::as_str)))
            .collect();
        let id = merged_words("messages/id.toml", over, &mut problems);
        let en = merged_words("messages/en.toml", over, &mut problems);
        problems.extend(id.differences(&en));
        problems.extend(en.differences(&id));

        let assets = assets(&files);
        let paths = Arc::new(asset_paths(&assets));
        let id = engine(id, &files, &paths, &mut problems);
        let en = engine(en, &files, &paths, &mut problems);
        problems.sort();
        problems.dedup();
        if problems.is_empty() {
            Ok(Self { id, en, assets })
        } else {
            Err(problems)
        }
    }

    /// Renders every sample of every page in both languages and looks at what came out.
    pub fn check(&self) -> Vec<TemplateProblem> {
        let mut problems = BTreeSet::new();
        for lang in Lang::ALL {
            for (page, frame) in Page::samples()
                .into_iter()
                .zip(Frame::samples().iter().cycle())
            {
                let (sample, page) = page;
                let frame = Frame {
                    lang,
                    ..frame.clone()
                };
                match self.page(&page, &frame) {
                    Ok(html) => problems.extend(lint(&html).into_iter().map(|what| {
                        let what = format!("sample {sample:?} ({}): {what}", lang.code());
                        TemplateProblem::new(&template_file(page.name()), None, what)
                    })),
                    Err(error) => {
                        problems.insert(error.problem);
                    }
                }
            }
        }
        for lang in Lang::ALL {
            for (sample, content) in MailContent::samples() {
                for head in Letterhead::samples(lang) {
                    if let Err(error) = self.mail(&content, &head) {
                        let what = format!("sample {sample:?}: {}", error.problem.what);
                        let file = error.problem.file.clone();
                        problems.insert(TemplateProblem::new(&file, error.problem.line, what));
                    }
                }
            }
        }
        problems.into_iter().collect()
    }

    /// A mail in words.
    ///
    /// # Errors
    /// As [`Self::page`].
    pub fn mail(&self, content: &MailContent, head: &Letterhead) -> Result<Written, RenderError> {
        let engine = self.engine(head.lang);
        let wordless = |error: super::problem::WordsError| RenderError {
            page: content.name(),
            problem: TemplateProblem::new("src/render/mail", None, error.to_string()),
        };
        let view = content.view(head, &engine.words).map_err(wordless)?;
        let data = view.data(head);
        let template = |name: &str, error: &handlebars::RenderError| {
            let file = format!("{name}.hbs");
            let problem = TemplateProblem::new(&file, error.line_no, error.reason().to_string());
            RenderError {
                page: content.name(),
                problem,
            }
        };
        let text = engine.plain.render(MAIL_TEXT, &data);
        let html = engine.templates.render(MAIL_HTML, &data);
        Ok(Written {
            from: mail::sender(head, &engine.words).map_err(wordless)?,
            to: engine
                .words
                .say(&Say::key("mail.recipient"))
                .map_err(wordless)?,
            subject: engine.words.say(&view.subject).map_err(wordless)?,
            text: text.map_err(|error| template(MAIL_TEXT, &error))?,
            html: html.map_err(|error| template(MAIL_HTML, &error))?,
        })
    }

    /// The page as HTML.
    ///
    /// # Errors
    /// [`RenderError`] when a template asks for what the context does not have; [`Self::check`]
    /// finds that before.
    pub fn page(&self, page: &Page, frame: &Frame) -> Result<String, RenderError> {
        let engine = self.engine(frame.lang);
        let view = page.view(&engine.words).map_err(|error| RenderError {
            page: page.name(),
            problem: TemplateProblem::new("src/render/page", None, error.to_string()),
        })?;
        let View {
            title,
            reload_after,
            waits,
            app,
            body,
        } = view;
        let data = json!({
            "frame": frame.view(),
            "title": title,
            "reload_after": reload_after,
            "waits": waits,
            "app": app,
            "page": body,
        });
        engine.render(page.name(), &data)
    }

    /// A refusal for scripts: `{"error": code, "message": sentence, "request_id": id}`.
    ///
    /// # Errors
    /// [`RenderError`] when a message lacks a slot; a test renders every notice.
    pub fn json(&self, message: &Message, frame: &Frame) -> Result<String, RenderError> {
        let text = message
            .sentence(&self.engine(frame.lang).words)
            .map_err(|error| RenderError {
                page: "message",
                problem: TemplateProblem::new("src/render/notice.rs", None, error.to_string()),
            })?;
        let answer = json!({
            "error": message.notice.code(),
            "message": text,
            "request_id": message.request_id,
        });
        Ok(answer.to_string())
    }

    /// Recovery codes as a text file, in the lines of any system.
    ///
    /// # Errors
    /// [`RenderError`] when a message is missing; the page with the same words is rendered before.
    pub fn recovery_file(
        &self,
        list: &RecoveryList,
        user_id: &str,
        frame: &Frame,
    ) -> Result<SecretText, RenderError> {
        let words = &self.engine(frame.lang).words;
        let lines = list.lines(words, &frame.site_name, user_id);
        let lines = lines.map_err(|error| RenderError {
            page: "recovery_codes",
            problem: TemplateProblem::new("src/render/page/recovery.rs", None, error.to_string()),
        })?;
        Ok(SecretText::new(lines.join("\r\n") + "\r\n"))
    }

    /// What a notification of the phone's app says: title and body.
    ///
    /// # Errors
    /// [`RenderError`] when a message is missing; `check` says both.
    pub fn wake_words(&self, lang: Lang) -> Result<Value, RenderError> {
        let words = &self.engine(lang).words;
        let mut said = serde_json::Map::new();
        for (name, say) in super::page::phone::wake_words() {
            let text = words.say(&say).map_err(|error| RenderError {
                page: "phone",
                problem: TemplateProblem::new("src/render/page/phone.rs", None, error.to_string()),
            })?;
            said.insert(name.to_owned(), text.into());
        }
        Ok(Value::Object(said))
    }

    /// Names of the files that pages load, in order.
    pub fn asset_names(&self) -> impl Iterator<Item = &str> {
        self.assets.keys().map(String::as_str)
    }

    /// A file that pages load, by its name below `static/`: `style.css`, `countdown.js`, `gate.svg`.
    pub fn asset(&self, name: &str) -> Option<Asset> {
        self.assets.get(name).cloned()
    }

    fn engine(&self, lang: Lang) -> &Engine {
        match lang {
            Lang::Id => &self.id,
            Lang::En => &self.en,
        }
    }
}

impl Engine {
    fn render(&self, page: &'static str, data: &Value) -> Result<String, RenderError> {
        self.templates
            .render(&format!("pages/{page}"), data)
            .map_err(|error| {
                let file = error
                    .template_name
                    .as_ref()
                    .map(|name| format!("{name}.hbs"));
                let file = file.unwrap_or_else(|| template_file(page));
                let problem =
                    TemplateProblem::new(&file, error.line_no, error.reason().to_string());
                RenderError { page, problem }
            })
    }
}

fn template_file(page: &str) -> String {
    format!("pages/{page}.hbs")
}

fn merged_words(
    file: &'static str,
    over: &BTreeMap<&'static str, String>,
    problems: &mut Vec<TemplateProblem>,
) -> Words {
    let builtin = BUILTIN
        .iter()
        .find(|(name, _)| *name == file)
        .map_or("", |(_, text)| text);
    let mut read = |text: &str| {
        Words::parse(file, text).unwrap_or_else(|found| {
            problems.extend(found);
            Words::empty(file)
        })
    };
    let mut words = read(builtin);
    if let Some(text) = over.get(file) {
        let other = read(text);
        problems.extend(words.override_with(other));
    }
    words
}

fn assets(files: &BTreeMap<&'static str, &str>) -> BTreeMap<String, Asset> {
    let texts = files.iter().filter_map(|(file, text)| {
        let name = file.strip_prefix("static/")?;
        Some((name, text.as_bytes()))
    });
    let pictures = PICTURES.iter().map(|picture| (picture.asset, picture.png));
    texts
        .chain(pictures)
        .chain(ICONS.iter().copied())
        .map(|(name, body)| (name.to_owned(), Asset::new(name, body)))
        .collect()
}

fn asset_paths(assets: &BTreeMap<String, Asset>) -> AssetPaths {
    assets
        .iter()
        .map(|(name, asset)| {
            (
                name.clone(),
                format!("{}{name}?v={}", super::paths::STATIC, asset.version()),
            )
        })
        .collect()
}

fn engine(
    words: Words,
    files: &BTreeMap<&'static str, &str>,
    assets: &Arc<AssetPaths>,
    problems: &mut Vec<TemplateProblem>,
) -> Engine {
    let words = Arc::new(words);
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    templates.set_prevent_indent(true);
    helpers::register(&mut templates, &words, assets);
    let mut plain = Handlebars::new();
    plain.set_strict_mode(true);
    plain.register_escape_fn(handlebars::no_escape);
    helpers::register(&mut plain, &words, assets);
    for (file, text) in files {
        let Some(name) = file.strip_suffix(".hbs") else {
            continue;
        };
        for line in unescaped(text) {
            let what = "text is never written unescaped: use {{ }}";
            problems.push(TemplateProblem::new(file, Some(line), what));
        }
        let engine = match name.ends_with(".txt") {
            true => &mut plain,
            false => &mut templates,
        };
        if let Err(error) = engine.register_template_string(name, text) {
            let (line, _) = error.pos().unzip();
            problems.push(TemplateProblem::new(file, line, error.reason().to_string()));
        }
    }
    Engine {
        words,
        templates,
        plain,
    }
}

/// Lines with `{{{`, `{{&` or `{{~{`: handlebars' ways around escaping.
fn unescaped(template: &str) -> Vec<usize> {
    let raw = |line: &str| {
        line.match_indices("{{").any(|(at, _)| {
            let rest = line.get(at + 2..).unwrap_or_default();
            rest.trim_start_matches('~')
                .trim_start()
                .starts_with(['{', '&'])
        })
    };
    template
        .lines()
        .enumerate()
        .filter(|(_, line)| raw(line))
        .map(|(at, _)| at + 1)
        .collect()
}
