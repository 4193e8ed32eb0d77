//! Follows the HTML tokenizer far enough to know where text and elements may stand: not in a tag, a
//! comment, a script or a field of text. It knows less than a browser, and where it would have to
//! know more it says so ([`Lost`]) instead of guessing (WHATWG HTML section 13.2.5).

/// The page is such that only a whole parser could tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::profile) struct Lost;

/// Longest element name that means anything here, in bytes.
const NAME_BYTES_MAX: usize = 16;

/// Elements whose content is text up to their end tag.
const RAW: [&[u8]; 9] = [
    b"script",
    b"style",
    b"textarea",
    b"title",
    b"iframe",
    b"xmp",
    b"noembed",
    b"noframes",
    b"noscript",
];

/// What may stand in a drawing without leading out of it or hiding text.
const DRAWING: [&[u8]; 16] = [
    b"svg",
    b"g",
    b"path",
    b"circle",
    b"rect",
    b"line",
    b"polyline",
    b"polygon",
    b"ellipse",
    b"defs",
    b"use",
    b"symbol",
    b"lineargradient",
    b"radialgradient",
    b"stop",
    b"clippath",
];

/// Start tags that end a `select`.
const LEAVES_SELECT: [&[u8]; 4] = [b"select", b"textarea", b"input", b"keygen"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Text between tags.
    Content,
    /// Behind `<`.
    TagOpen,
    /// Behind `</`.
    EndTagOpen,
    TagName,
    BeforeAttribute,
    AttributeName,
    AfterAttributeName,
    BeforeValue,
    Quoted(u8),
    Unquoted,
    /// Behind `<!`.
    Declaration,
    /// Behind `<!-`.
    DeclarationDash,
    /// In what ends with the next `>`: a doctype, an instruction, a broken tag.
    Bogus,
    CommentStart,
    CommentStartDash,
    Comment,
    CommentDash,
    CommentEnd,
    CommentEndBang,
    /// In the content of one of [`RAW`].
    Raw,
    /// The same, behind `<` and what follows it.
    RawTag,
}

/// Where in a page the bytes read so far end.
#[derive(Debug)]
pub(in crate::profile) struct Lexer {
    state: State,
    /// Name of the tag that is being read, in lower case; what is too long is cut.
    name: Vec<u8>,
    end_tag: bool,
    /// A `/` stands last in the tag.
    self_closing: bool,
    /// Whose content [`State::Raw`] is.
    raw: &'static [u8],
    /// In a script, behind `<!--` and before `-->`: a script may begin in there that hides the end.
    escaped: bool,
    /// How many `-` stand last in a script.
    dashes: u32,
    /// Drawings that are open.
    drawings: u32,
    in_select: bool,
}

impl Lexer {
    pub(in crate::profile) fn new() -> Self {
        Self {
            state: State::Content,
            name: Vec::new(),
            end_tag: false,
            self_closing: false,
            raw: b"",
            escaped: false,
            dashes: 0,
            drawings: 0,
            in_select: false,
        }
    }

    /// Whether text and elements may stand here.
    pub(in crate::profile) fn in_content(&self) -> bool {
        self.state == State::Content && self.drawings == 0
    }

    /// Whether this byte, coming next, would be text or begin an element: a `<` behind which no name
    /// stands is text.
    pub(in crate::profile) fn takes(&self, byte: u8) -> bool {
        let name = byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'!' | b'?');
        self.drawings == 0
            && (self.state == State::Content || self.state == State::TagOpen && !name)
    }

    /// Reads on.
    ///
    /// # Errors
    /// [`Lost`]: nothing can be said about the rest of the page.
    pub(in crate::profile) fn read(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        let mut rest = bytes;
        while let Some(&byte) = rest.first() {
            let skipped = self.nothing_before(rest);
            if skipped > 0 {
                rest = rest.get(skipped..).unwrap_or_default();
                continue;
            }
            self.step(byte)?;
            rest = rest.get(1..).unwrap_or_default();
        }
        Ok(())
    }

    /// How many of the first bytes change nothing.
    fn nothing_before(&self, bytes: &[u8]) -> usize {
        let found = match self.state {
            State::Content => memchr::memchr(b'<', bytes),
            State::Quoted(quote) => memchr::memchr(quote, bytes),
            State::Comment => memchr::memchr(b'-', bytes),
            State::Bogus => memchr::memchr(b'>', bytes),
            State::Raw if self.dashes == 0 => memchr::memchr2(b'<', b'-', bytes),
            _ => return 0,
        };
        found.unwrap_or(bytes.len())
    }

    fn step(&mut self, byte: u8) -> Result<(), Lost> {
        let space = byte.is_ascii_whitespace();
        self.state = match self.state {
            State::Content => self.content(byte),
            State::TagOpen => return self.tag_open(byte),
            State::EndTagOpen => match byte {
                b'>' => State::Content,
                _ if byte.is_ascii_alphabetic() => self.begin_name(byte, true),
                _ => State::Bogus,
            },
            State::TagName => match byte {
                b'>' => return self.tag_ended(),
                b'/' => self.slash(),
                _ if space => State::BeforeAttribute,
                _ => {
                    self.push_name(byte);
                    State::TagName
                }
            },
            State::Declaration => match byte {
                b'-' => State::DeclarationDash,
                // In a drawing this is no comment.
                b'[' if self.drawings > 0 => return Err(Lost),
                b'>' => State::Content,
                _ => State::Bogus,
            },
            State::DeclarationDash => match byte {
                b'-' => State::CommentStart,
                b'>' => State::Content,
                _ => State::Bogus,
            },
            State::Bogus if byte == b'>' => State::Content,
            State::Bogus => State::Bogus,
            State::Raw => self.raw_text(byte),
            State::RawTag => return self.raw_tag(byte),
            State::BeforeAttribute
            | State::AttributeName
            | State::AfterAttributeName
            | State::BeforeValue
            | State::Quoted(_)
            | State::Unquoted => return self.attribute(byte, space),
            State::CommentStart
            | State::CommentStartDash
            | State::Comment
            | State::CommentDash
            | State::CommentEnd
            | State::CommentEndBang => self.comment(byte),
        };
        Ok(())
    }

    fn content(&self, byte: u8) -> State {
        if byte == b'<' {
            State::TagOpen
        } else {
            State::Content
        }
    }

    fn tag_open(&mut self, byte: u8) -> Result<(), Lost> {
        self.state = match byte {
            b'/' => State::EndTagOpen,
            b'!' => State::Declaration,
            b'?' => State::Bogus,
            _ if byte.is_ascii_alphabetic() => self.begin_name(byte, false),
            other => self.content(other),
        };
        Ok(())
    }

    fn begin_name(&mut self, byte: u8, end_tag: bool) -> State {
        self.name.clear();
        self.end_tag = end_tag;
        self.self_closing = false;
        self.push_name(byte);
        State::TagName
    }

    fn push_name(&mut self, byte: u8) {
        if self.name.len() <= NAME_BYTES_MAX {
            self.name.push(byte.to_ascii_lowercase());
        }
    }

    fn slash(&mut self) -> State {
        self.self_closing = true;
        State::BeforeAttribute
    }

    fn attribute(&mut self, byte: u8, space: bool) -> Result<(), Lost> {
        let closing = std::mem::take(&mut self.self_closing);
        self.state = match (self.state, byte) {
            (State::Quoted(quote), _) if byte == quote => State::BeforeAttribute,
            (State::Quoted(quote), _) => State::Quoted(quote),
            (State::BeforeValue, _) if space => State::BeforeValue,
            (State::BeforeValue, b'"' | b'\'') => State::Quoted(byte),
            (State::Unquoted, _) if space => State::BeforeAttribute,
            (State::Unquoted | State::BeforeValue, b'>') => return self.tag_ended(),
            (State::Unquoted | State::BeforeValue, _) => State::Unquoted,
            (_, b'>') => {
                self.self_closing = closing;
                return self.tag_ended();
            }
            (_, b'/') => self.slash(),
            (State::AttributeName | State::AfterAttributeName, b'=') => State::BeforeValue,
            (State::AttributeName | State::AfterAttributeName, _) if space => {
                State::AfterAttributeName
            }
            (_, _) if space => State::BeforeAttribute,
            (_, _) => State::AttributeName,
        };
        Ok(())
    }

    fn comment(&self, byte: u8) -> State {
        match (self.state, byte) {
            (State::CommentStart, b'-') => State::CommentStartDash,
            (State::CommentStart | State::CommentStartDash, b'>') => State::Content,
            (State::CommentStartDash | State::CommentDash, b'-') => State::CommentEnd,
            (State::CommentEnd | State::CommentEndBang, b'>') => State::Content,
            (State::CommentEnd, b'-') => State::CommentEnd,
            (State::CommentEnd, b'!') => State::CommentEndBang,
            (State::Comment | State::CommentEndBang, b'-') => State::CommentDash,
            _ => State::Comment,
        }
    }

    fn tag_ended(&mut self) -> Result<(), Lost> {
        self.state = State::Content;
        let name = std::mem::take(&mut self.name);
        let outcome = if self.drawings > 0 || name == b"svg" || name == b"math" {
            self.drawing(&name)
        } else if self.end_tag {
            self.in_select &= name != b"select";
            Ok(())
        } else {
            self.started(&name)
        };
        self.name = name;
        outcome
    }

    fn drawing(&mut self, name: &[u8]) -> Result<(), Lost> {
        if !DRAWING.contains(&name) {
            return Err(Lost);
        }
        if name == b"svg" && self.end_tag {
            self.drawings = self.drawings.saturating_sub(1);
        } else if name == b"svg" && !self.self_closing {
            self.drawings = self.drawings.saturating_add(1);
        }
        Ok(())
    }

    fn started(&mut self, name: &[u8]) -> Result<(), Lost> {
        if name == b"plaintext" || name == b"frameset" {
            return Err(Lost);
        }
        let raw = RAW.iter().find(|raw| **raw == name);
        if self.in_select {
            // Whether these hide text in there depends on the browser's age.
            let unsure = raw.is_some() && name != b"script" && name != b"textarea";
            if unsure || name == b"template" {
                return Err(Lost);
            }
            self.in_select = !LEAVES_SELECT.contains(&name);
        } else {
            self.in_select = name == b"select";
        }
        if let Some(raw) = raw {
            self.raw = raw;
            self.escaped = false;
            self.dashes = 0;
            self.state = State::Raw;
        }
        Ok(())
    }

    fn raw_text(&mut self, byte: u8) -> State {
        match byte {
            b'<' => {
                self.dashes = 0;
                self.name.clear();
                return State::RawTag;
            }
            b'-' => self.dashes = self.dashes.saturating_add(1),
            b'>' if self.dashes >= 2 => {
                self.escaped = false;
                self.dashes = 0;
            }
            _ => self.dashes = 0,
        }
        State::Raw
    }

    /// Behind a `<` in raw text: `name` gathers what follows it.
    fn raw_tag(&mut self, byte: u8) -> Result<(), Lost> {
        let slash = byte == b'/' && !self.name.is_empty();
        let ends_name = byte == b'>' || slash || byte.is_ascii_whitespace();
        if ends_name {
            let own = self.name.strip_prefix(b"/") == Some(self.raw);
            if own {
                self.name.remove(0);
                self.end_tag = true;
                self.self_closing = byte == b'/';
                self.state = State::BeforeAttribute;
                return match byte {
                    b'>' => self.tag_ended(),
                    _ => Ok(()),
                };
            }
            if self.raw == b"script" && self.escaped && self.name == b"script" {
                return Err(Lost);
            }
            self.state = self.raw_text(byte);
            return Ok(());
        }
        if byte == b'<' {
            self.state = self.raw_text(byte);
            return Ok(());
        }
        self.name.push(byte.to_ascii_lowercase());
        if self.name == b"!--" {
            self.escaped = true;
            self.dashes = 2;
            self.state = State::Raw;
        } else if self.name.len() > NAME_BYTES_MAX {
            self.state = self.raw_text(byte);
        }
        Ok(())
    }
}
