//! `multipart/form-data`, read as it comes: fields are kept, files are counted and hashed.

use std::io;

use ring::digest;

use crate::http::body::{Body, hex};

/// All fields together may be this long, in bytes.
const MAX_FIELDS: usize = 64 * 1024;
/// Headers of one part, in bytes.
const MAX_PART_HEAD: usize = 8 * 1024;

/// A file of a form, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilePart {
    /// Name of the field.
    pub field: String,
    /// Name of the file.
    pub name: String,
    /// Length in bytes.
    pub length: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// What a form holds.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) files: Vec<FilePart>,
}

/// The part that is being read.
enum Part {
    /// Before the first one.
    None,
    Field {
        name: String,
        value: Vec<u8>,
    },
    File {
        part: FilePart,
        hash: Box<digest::Context>,
    },
}

/// The boundary in a Content-Type, if it is that of a form.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    if !content_type
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("multipart/form-data")
    {
        return None;
    }
    let rest = content_type
        .split(';')
        .find_map(|item| item.trim().strip_prefix("boundary="))?;
    Some(rest.trim_matches('"').to_owned())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = haystack[from..].iter().position(|byte| *byte == needle[0]) {
        let at = from + at;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "multipart form")
}

/// Reads a form to its end. `None` when it is malformed or its fields are too long; then the body was read
/// all the same.
pub(crate) async fn read(body: &mut Body<'_>, boundary: &str) -> io::Result<Option<Form>> {
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    // As if a line had ended before the body, so that the first delimiter looks like the others.
    let mut buffer = b"\r\n".to_vec();
    let mut reader = Reader {
        form: Form::default(),
        part: Part::None,
        kept: 0,
    };
    loop {
        let more = body.next(&mut buffer).await?;
        let step = reader.advance(&mut buffer, &delimiter);
        match step {
            Ok(true) => {
                body.drain().await?;
                return Ok(Some(reader.form));
            }
            Ok(false) if more => {}
            Ok(false) => return Ok(None),
            Err(_) => {
                body.drain().await?;
                return Ok(None);
            }
        }
    }
}

struct Reader {
    form: Form,
    part: Part,
    kept: usize,
}

impl Reader {
    /// Takes what it can out of the buffer. `true` at the closing delimiter.
    fn advance(&mut self, buffer: &mut Vec<u8>, delimiter: &[u8]) -> io::Result<bool> {
        loop {
            let Some(at) = find(buffer, delimiter) else {
                let safe = buffer.len().saturating_sub(delimiter.len());
                self.content(&buffer[..safe])?;
                buffer.drain(..safe);
                return Ok(false);
            };
            let after = &buffer[at + delimiter.len()..];
            if after.starts_with(b"--") {
                self.content(&buffer[..at])?;
                self.close();
                return Ok(true);
            }
            let Some(end) = find(after, b"\r\n\r\n") else {
                // The delimiter waits in the buffer for the rest of the part's headers.
                return if after.len() > MAX_PART_HEAD {
                    Err(malformed())
                } else {
                    Ok(false)
                };
            };
            let next = part(&String::from_utf8_lossy(&after[..end]));
            let consumed = at + delimiter.len() + end + 4;
            self.content(&buffer[..at])?;
            self.close();
            self.part = next;
            buffer.drain(..consumed);
        }
    }

    fn content(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.part {
            Part::None => {}
            Part::File { part, hash } => {
                part.length += bytes.len() as u64;
                hash.update(bytes);
            }
            Part::Field { value, .. } => {
                self.kept += bytes.len();
                if self.kept > MAX_FIELDS {
                    return Err(malformed());
                }
                value.extend_from_slice(bytes);
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        match std::mem::replace(&mut self.part, Part::None) {
            Part::None => {}
            Part::Field { name, value } => {
                self.form
                    .fields
                    .push((name, String::from_utf8_lossy(&value).into_owned()));
            }
            Part::File { mut part, hash } => {
                part.sha256 = hex(hash.finish().as_ref());
                self.form.files.push(part);
            }
        }
    }
}

fn part(head: &str) -> Part {
    let attribute = |name: &str| {
        let from = head.find(&format!(" {name}=\""))? + name.len() + 3;
        head[from..].split('"').next().map(str::to_owned)
    };
    let field = attribute("name").unwrap_or_default();
    match attribute("filename") {
        None => Part::Field {
            name: field,
            value: Vec::new(),
        },
        Some(name) => {
            let part = FilePart {
                field,
                name,
                length: 0,
                sha256: String::new(),
            };
            Part::File {
                part,
                hash: Box::new(digest::Context::new(&digest::SHA256)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_wherever_the_pieces_are_cut() {
        let body = b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.bin\"\r\nContent-Type: a/b\r\n\r\n\r\n--\r\nrest\r\n--B--\r\n";
        for size in [1, 2, 3, 7, 1000] {
            let mut reader = Reader {
                form: Form::default(),
                part: Part::None,
                kept: 0,
            };
            let mut buffer = b"\r\n".to_vec();
            let mut done = false;
            for piece in body.chunks(size) {
                if !done {
                    buffer.extend_from_slice(piece);
                    done = reader.advance(&mut buffer, b"\r\n--B").unwrap();
                }
            }
            assert!(done);
            assert_eq!(reader.form.fields, [("a".to_owned(), "one".to_owned())]);
            let file = &reader.form.files[0];
            assert_eq!((file.name.as_str(), file.length), ("x.bin", 10));
            assert_eq!(
                file.sha256,
                hex(digest::digest(&digest::SHA256, b"\r\n--\r\nrest").as_ref())
            );
        }
    }

    #[test]
    fn boundaries() {
        assert_eq!(
            boundary("multipart/form-data; boundary=\"x y\"").as_deref(),
            Some("x y")
        );
        assert_eq!(boundary("text/plain; boundary=x"), None);
    }
}
