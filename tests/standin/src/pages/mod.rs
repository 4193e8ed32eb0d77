//! What people see. Every page is a function from the call to an [`crate::http::answer::Answer`].
//!
//! - [`layout`]: the frame around a full page, and the header block
//! - [`forms`]: choice of user type, login, lost password
//! - [`public`], [`private`]: pages for everybody and for logged-in users
//! - [`errors`]: what goes wrong, in SPSE's words
//! - [`packages`]: the tenders
//!
//! Words are those of `texts.md` section 0. Values are escaped where they are put in.

pub(crate) mod errors;
pub(crate) mod forms;
pub(crate) mod layout;
pub(crate) mod packages;
pub(crate) mod private;
pub(crate) mod public;
