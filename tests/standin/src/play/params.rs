//! Fields of query and body. Of a name in both the query's value counts; a name twice in one of them is
//! refused where it matters (`spse44.md` section 10).

use super::cookie::decode_pairs;
use super::multipart::FilePart;

/// The fields of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Vec<(String, String)>,
    pub(crate) files: Vec<FilePart>,
}

/// A name that stands twice in the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Doubled;

impl Params {
    pub(crate) fn from_query(query: &str) -> Self {
        Self {
            query: decode_pairs(query),
            ..Self::default()
        }
    }

    /// Fields of a form in a body.
    pub(crate) fn add_form(&mut self, body: &[u8]) {
        self.body
            .extend(decode_pairs(&String::from_utf8_lossy(body)));
    }

    /// Strings, numbers and truth values of a JSON object in a body.
    pub(crate) fn add_json(&mut self, body: &[u8]) {
        let Ok(serde_json::Value::Object(object)) = serde_json::from_slice(body) else {
            return;
        };
        for (key, value) in object {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            self.body.push((key, text));
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.query.iter().chain(&self.body);
        all.find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// As [`Self::get`], but a name that is there twice in query or body is refused.
    pub(crate) fn once(&self, name: &str) -> Result<Option<&str>, Doubled> {
        let count =
            |pairs: &[(String, String)]| pairs.iter().filter(|(key, _)| key == name).count();
        if count(&self.query) > 1 || count(&self.body) > 1 {
            return Err(Doubled);
        }
        Ok(self.get(name))
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.trim().parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_wins_and_doubles_are_refused() {
        let mut params = Params::from_query("a=1&b=2");
        params.add_form(b"a=3&c=4&c=5");
        assert_eq!(params.once("a"), Ok(Some("1")));
        assert_eq!(params.once("c"), Err(Doubled));
        assert_eq!(params.once("d"), Ok(None));
        params.add_json(br#"{"d":"x","e":7}"#);
        assert_eq!((params.get("d"), params.number("e")), (Some("x"), Some(7)));
    }
}
