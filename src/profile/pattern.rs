//! Patterns of paths below the context, and sets of them.
//!
//! `/lelang/{id}/jadwal`: exact segments and placeholders for one whole segment each. A trailing
//! `/**` stands for everything below; the check allows it only where the profile says so.

use super::path;
use super::read::nearest;

/// Longest run of digits that `{id}` takes; package numbers have up to ten today.
const ID_DIGITS_MAX: usize = 20;

/// Placeholders, as the profile writes them.
const PLACEHOLDERS: [&str; 3] = ["{id}", "{hex}", "{any}"];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(Vec<u8>),
    /// `{id}`: digits.
    Digits,
    /// `{hex}`: hex digits.
    Hex,
    /// `{any}`: one segment that is not empty.
    Any,
}

impl Segment {
    fn matches(&self, segment: &[u8]) -> bool {
        match self {
            Self::Literal(literal) => literal == segment,
            Self::Digits => {
                (1..=ID_DIGITS_MAX).contains(&segment.len())
                    && segment.iter().all(u8::is_ascii_digit)
            }
            Self::Hex => !segment.is_empty() && segment.iter().all(u8::is_ascii_hexdigit),
            Self::Any => !segment.is_empty(),
        }
    }
}

/// One pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    segments: Vec<Segment>,
    /// Ends in `/**`.
    subtree: bool,
}

/// What a list of patterns may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowed {
    /// No `/**`.
    Exact,
    /// `/**` at the end too, behind at least one literal segment.
    Subtrees,
}

impl Pattern {
    /// Reads a pattern; the error is a sentence for the operator.
    pub(super) fn parse(text: &str, allowed: Allowed) -> Result<Self, String> {
        if text == "/" {
            return Ok(Self {
                segments: Vec::new(),
                subtree: false,
            });
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("`{text}` does not begin with /"));
        };
        let (rest, subtree) = match rest.strip_suffix("/**") {
            Some(prefix) => (prefix, true),
            None => (rest, false),
        };
        if subtree && allowed == Allowed::Exact {
            return Err(format!("`{text}`: /** is not allowed here, name each path"));
        }
        let segments = rest
            .split('/')
            .map(|s| parse_segment(text, s))
            .collect::<Result<Vec<_>, _>>()?;
        if !matches!(segments.first(), Some(Segment::Literal(_))) {
            return Err(format!(
                "`{text}` begins with a placeholder and would match too much"
            ));
        }
        Ok(Self { segments, subtree })
    }

    /// Matches a path below the context (`""` and `/` are the same).
    pub(super) fn matches(&self, below: &[u8]) -> bool {
        let Some(mut rest) = split_first(below) else {
            return self.is_root();
        };
        for (at, segment) in self.segments.iter().enumerate() {
            let (head, tail) = match memchr::memchr(b'/', rest) {
                Some(slash) => (&rest[..slash], Some(&rest[slash + 1..])),
                None => (rest, None),
            };
            if !segment.matches(head) {
                return false;
            }
            let last = at + 1 == self.segments.len();
            match tail {
                None => return last && !self.subtree,
                Some(_) if last => return self.subtree,
                Some(tail) => rest = tail,
            }
        }
        false
    }

    /// The pattern with literal segments folded, for paths that are folded too.
    fn folded(&self) -> Self {
        let fold = |segment: &Segment| match segment {
            Segment::Literal(literal) => Segment::Literal(path::folded(literal).into_owned()),
            other => other.clone(),
        };
        Self {
            segments: self.segments.iter().map(fold).collect(),
            subtree: self.subtree,
        }
    }

    fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    /// The first segment, which is literal; `None` for `/`.
    pub(super) fn first_segment(&self) -> Option<&[u8]> {
        match self.segments.first() {
            Some(Segment::Literal(literal)) => Some(literal),
            _ => None,
        }
    }

    /// A path that the pattern matches, to compare lists with each other.
    pub(super) fn example(&self) -> Vec<u8> {
        let mut example = Vec::new();
        for segment in &self.segments {
            example.push(b'/');
            example.extend_from_slice(match segment {
                Segment::Literal(literal) => literal,
                Segment::Digits => b"1",
                Segment::Hex => b"a1",
                Segment::Any => b"x",
            });
        }
        if self.subtree {
            example.extend_from_slice(b"/x");
        }
        if example.is_empty() {
            b"/".to_vec()
        } else {
            example
        }
    }
}

/// What stands behind the first slash; `None` for the root.
fn split_first(below: &[u8]) -> Option<&[u8]> {
    match below {
        [] | [b'/'] => None,
        [b'/', rest @ ..] => Some(rest),
        _ => Some(below),
    }
}

fn parse_segment(text: &str, segment: &str) -> Result<Segment, String> {
    match segment {
        "" => Err(format!("`{text}` holds an empty segment")),
        "{id}" => Ok(Segment::Digits),
        "{hex}" => Ok(Segment::Hex),
        "{any}" => Ok(Segment::Any),
        _ if segment.contains(['{', '}', '*']) => Err(format!(
            "`{text}`: `{segment}` is no placeholder{}",
            nearest(segment, PLACEHOLDERS)
        )),
        _ if !path::is_canonical(format!("/{segment}").as_bytes()) => Err(format!(
            "`{text}`: `{segment}` is not spelled in the canonical way"
        )),
        _ => Ok(Segment::Literal(segment.as_bytes().to_vec())),
    }
}

/// A list of patterns, sorted by their first segment: a request looks at the few that share its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PatternSet(Vec<Pattern>);

impl PatternSet {
    pub(super) fn new(mut patterns: Vec<Pattern>) -> Self {
        patterns.sort_by(|a, b| a.first_segment().cmp(&b.first_segment()));
        Self(patterns)
    }

    /// The same patterns for paths that went through [`path::folded`].
    pub(super) fn folded(&self) -> Self {
        Self::new(self.0.iter().map(Pattern::folded).collect())
    }

    pub(super) fn matches(&self, below: &[u8]) -> bool {
        let first = split_first(below).map(|rest| {
            let end = memchr::memchr(b'/', rest).unwrap_or(rest.len());
            &rest[..end]
        });
        let from = self
            .0
            .partition_point(|pattern| pattern.first_segment() < first);
        self.0[from..]
            .iter()
            .take_while(|pattern| pattern.first_segment() == first)
            .any(|pattern| pattern.matches(below))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text, Allowed::Subtrees).unwrap()
    }

    #[test]
    fn segments_match_whole() {
        let jadwal = pattern("/lelang/{id}/jadwal");
        assert!(jadwal.matches(b"/lelang/123/jadwal"));
        for other in [
            "/lelang/123/jadwal/",
            "/lelang/123",
            "/lelang/12a/jadwal",
            "/lelang//jadwal",
            "/lelang/123/jadwal/x",
            "/LELANG/123/jadwal",
            "/x/lelang/123/jadwal",
            "",
            "/",
            "/lelang/111111111111111111111/jadwal",
        ] {
            assert!(!jadwal.matches(other.as_bytes()), "{other}");
        }
        assert!(pattern("/dl/{hex}").matches(b"/dl/09afAF"));
        assert!(!pattern("/dl/{hex}").matches(b"/dl/09x"));
        assert!(!pattern("/dl/{hex}").matches(b"/dl/"));
        assert!(!pattern("/a/{any}").matches(b"/a/"));
    }

    #[test]
    fn the_root_is_the_context_with_or_without_slash() {
        let root = pattern("/");
        assert!(root.matches(b"") && root.matches(b"/"));
        assert!(!root.matches(b"/x"));
        assert!(!pattern("/x").matches(b""));
    }

    #[test]
    fn a_subtree_begins_behind_its_slash() {
        let tree = pattern("/public/**");
        assert!(tree.matches(b"/public/") && tree.matches(b"/public/a/b.css"));
        for other in ["/public", "/publicx/a", "/Public/a", "/x/public/a", "/"] {
            assert!(!tree.matches(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn bad_patterns_are_refused_with_a_reason() {
        for (text, says) in [
            ("lelang", "does not begin"),
            ("/**", "no placeholder"),
            ("/{any}", "begins with a placeholder"),
            ("/{any}/**", "begins with a placeholder"),
            ("/a//b", "empty segment"),
            ("/a/", "empty segment"),
            ("/a/{idd}", "nearest is `{id}`"),
            ("/a*", "no placeholder"),
            ("/a/**/b", "no placeholder"),
            ("/a/../b", "canonical"),
            ("/a%41", "canonical"),
            ("/a?b", "canonical"),
        ] {
            let problem = Pattern::parse(text, Allowed::Subtrees).unwrap_err();
            assert!(problem.contains(says), "{text}: {problem}");
        }
        assert!(
            Pattern::parse("/a/**", Allowed::Exact)
                .unwrap_err()
                .contains("not allowed")
        );
    }

    #[test]
    fn a_set_matches_what_one_of_its_patterns_matches() {
        let texts = [
            "/b/{id}",
            "/",
            "/a/x",
            "/b/{id}/z",
            "/a",
            "/ab",
            "/b",
            "/c/**",
        ];
        let set = PatternSet::new(texts.iter().map(|text| pattern(text)).collect());
        for path in [
            "", "/", "/a", "/a/x", "/ab", "/b", "/b/1", "/b/1/z", "/c/d/e", "/b/", "/a/y", "/d",
            "/c", "b",
        ] {
            let one = texts
                .iter()
                .any(|text| pattern(text).matches(path.as_bytes()));
            assert_eq!(set.matches(path.as_bytes()), one, "{path}");
        }
    }

    #[test]
    fn examples_match_their_pattern() {
        for text in ["/", "/a", "/a/{id}/{hex}/{any}", "/a/**"] {
            let pattern = pattern(text);
            assert!(pattern.matches(&pattern.example()), "{text}");
        }
    }
}
