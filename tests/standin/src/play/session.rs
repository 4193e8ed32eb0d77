//! SPSE_SESSION and SPSE_FLASH: read from the request, written again on every dynamic answer.

use ring::rand::{SecureRandom, SystemRandom};

use super::cookie;
use crate::clock;
use crate::config::Config;
use crate::http::body::hex;

/// Name of the session cookie.
pub const SESSION_COOKIE: &str = "SPSE_SESSION";
/// Name of the cookie that carries messages to the next request.
pub const FLASH_COOKIE: &str = "SPSE_FLASH";
/// Name of the cookie that carries validation errors.
pub const ERRORS_COOKIE: &str = "SPSE_ERRORS";
/// Key of the authenticity token.
pub const TOKEN_KEY: &str = "___AT";
/// Key of the expiry in milliseconds since 1970.
pub const EXPIRY_KEY: &str = "___TS";
/// Key of the session's id.
pub const ID_KEY: &str = "___ID";
/// Key of the logged-in user in [`crate::SessionMode::InCookie`].
pub const USER_KEY: &str = "userid";

/// The session of one request.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) token: String,
    pub(crate) id: String,
    /// Keys beyond the three of Play.
    pub(crate) extra: Vec<(String, String)>,
    /// The request came without a valid one.
    pub(crate) fresh: bool,
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Without randomness there is nothing that a test server could usefully do; zeros show at once.
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes
}

/// A random UUID.
pub(crate) fn uuid() -> String {
    let mut bytes = random::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ]
    .join("-")
}

impl Session {
    /// A new one. In a frozen server all have the same token, for pages that can be compared.
    pub(crate) fn new(config: &Config) -> Self {
        let seed = if config.frozen {
            "frozen".to_owned()
        } else {
            uuid()
        };
        let token = cookie::sign(&config.secret, &seed);
        Self {
            token,
            id: uuid(),
            extra: Vec::new(),
            fresh: true,
        }
    }

    /// The one that a cookie's value carries; a new one if the signature is wrong or the time is over.
    pub(crate) fn load(config: &Config, value: Option<&str>) -> Self {
        value
            .and_then(|value| Self::open(config, value))
            .unwrap_or_else(|| Self::new(config))
    }

    fn open(config: &Config, value: &str) -> Option<Self> {
        let mut pairs = cookie::open(&config.secret, value)?;
        let mut take = |key: &str| {
            let at = pairs.iter().position(|(name, _)| name == key)?;
            Some(pairs.remove(at).1)
        };
        let expiry: u64 = take(EXPIRY_KEY)?.parse().ok()?;
        if expiry < clock::now_ms() {
            return None;
        }
        // Token and id are made when they are first needed, so a valid cookie may lack them.
        let blank = Self::new(config);
        let token = take(TOKEN_KEY).unwrap_or(blank.token);
        let id = take(ID_KEY).unwrap_or(blank.id);
        Some(Self {
            token,
            id,
            extra: pairs,
            fresh: false,
        })
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.extra
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn put(&mut self, key: &str, value: &str) {
        self.remove(key);
        self.extra.push((key.to_owned(), value.to_owned()));
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.extra.retain(|(name, _)| name != key);
    }

    /// Play's `session.clear()`: everything new.
    pub(crate) fn clear(&mut self, config: &Config) {
        *self = Self::new(config);
    }

    /// The cookie's value with a new expiry. The order of the keys varies, as that of a HashMap does.
    pub(crate) fn value(&self, config: &Config) -> String {
        let life = u64::try_from(config.session_life.as_millis()).unwrap_or(u64::MAX);
        let expiry = clock::now_ms().saturating_add(life).to_string();
        let mut pairs = vec![
            (TOKEN_KEY, self.token.as_str()),
            (EXPIRY_KEY, expiry.as_str()),
            (ID_KEY, self.id.as_str()),
        ];
        pairs.extend(
            self.extra
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str())),
        );
        let [turn] = random::<1>();
        let turn = usize::from(turn) % pairs.len();
        pairs.rotate_left(turn);
        cookie::forge_cookie(&config.secret, &pairs)
    }

    /// The three Set-Cookie lines of a dynamic answer. `flash` is what the next request shall read.
    pub(crate) fn set_cookies(&self, config: &Config, flash: Option<&str>) -> [String; 3] {
        let age = config.session_life.as_secs();
        let flash = match flash {
            Some(message) => {
                let value = cookie::encode_pairs(&[("error", message)]);
                cookie::set_line(config, FLASH_COOKIE, &value, None, true)
            }
            None => cookie::set_line(config, FLASH_COOKIE, "", Some(0), true),
        };
        [
            cookie::set_line(config, SESSION_COOKIE, &self.value(config), Some(age), true),
            // Without HttpOnly: the framework's fork forgets it here (spse44.md section 1).
            cookie::set_line(config, ERRORS_COOKIE, "", Some(0), false),
            flash,
        ]
    }
}

/// The message in a flash cookie's value.
pub(crate) fn flash_message(value: &str) -> Option<String> {
    cookie::decode_pairs(value)
        .into_iter()
        .find(|(key, _)| key == "error")
        .map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_survives_its_own_cookie_and_no_other() {
        let config = Config::default();
        let mut session = Session::new(&config);
        session.put(USER_KEY, "PPK301");
        let value = session.value(&config);
        let again = Session::load(&config, Some(&value));
        assert_eq!(
            (&again.id, &again.token, again.fresh),
            (&session.id, &session.token, false)
        );
        assert_eq!(again.get(USER_KEY), Some("PPK301"));
        assert!(Session::load(&config, Some(&value[1..])).fresh);
        assert!(Session::load(&config, None).fresh);
        let expiry = clock::now_ms();
        let late = [
            (ID_KEY, "a"),
            (EXPIRY_KEY, &expiry.saturating_sub(1).to_string()),
        ];
        let late = cookie::forge_cookie(&config.secret, &late);
        assert!(Session::load(&config, Some(&late)).fresh);
    }
}
