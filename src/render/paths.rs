//! Where the forms of the pages post to, below the base of the gateway's own pages. The templates
//! name the same paths (a test compares them); the pages room routes by these constants.

/// Status page (GET).
pub const STATUS: &str = "/";
/// Activation page (GET) and its code (POST `r`, `code`, `csrf`).
pub const ACTIVATION: &str = "/activation";
/// A new QR code (POST `r`, `csrf`).
pub const ACTIVATION_QR: &str = "/activation/qr";
/// Leaves the activation; after a password that ends the waiting login (POST `r`, `csrf`). The page is
/// told, because its button has two meanings.
pub const ACTIVATION_CANCEL: &str = "/activation/cancel";
/// POST: "nanti saja".
pub const ACTIVATION_LATER: &str = "/activation/later";
/// POST: the activation code of the help desk.
pub const ACTIVATION_PROOF: &str = "/activation/proof";
/// Acceptor page (GET) and its code (POST `r`, `code`, `csrf`).
pub const ACCEPTOR: &str = "/acceptor";
/// More time on the acceptor (POST `r`, `csrf`).
pub const ACCEPTOR_EXTEND: &str = "/acceptor/extend";
/// Leaves the acceptor and ends the waiting login (POST `r`, `csrf`).
pub const ACCEPTOR_CANCEL: &str = "/acceptor/cancel";
/// Turns to recovery codes and gives time to find them (POST `r`, `csrf`).
pub const ACCEPTOR_SWITCH: &str = "/acceptor/switch";
/// Page for a recovery code (GET) and the code (POST `r`, `code`, `csrf`).
pub const ACCEPTOR_RECOVERY: &str = "/acceptor/recovery";
/// Recovery codes of the account (GET), and new ones (POST `code`, `csrf`).
pub const RECOVERY: &str = "/recovery";
/// The codes that a page shows, as a file (POST `codes`, `csrf`).
pub const RECOVERY_FILE: &str = "/recovery/file";
/// Begins the activation of another phone after a login by recovery code (POST `csrf`).
pub const REPLACE: &str = "/replace";
/// Starts an activation from the status page (POST `csrf`).
pub const ENABLE: &str = "/enable";
/// Ends the binding (POST `code`, `csrf`).
pub const DISABLE: &str = "/disable";
/// Who lost the authenticator asks here (GET, POST `user_id`, `email`, `type`, `answer`, `puzzle`,
/// `csrf`).
pub const RESET: &str = "/reset";
/// Behind the mailed link (GET `t`) and its confirmation (POST `t`, `csrf`).
pub const RESET_CONFIRM: &str = "/reset/confirm";
/// "Bukan saya" (GET `t`, POST `t`, `csrf`).
pub const RESET_DENY: &str = "/reset/deny";
/// The activation code where a code of the authenticator is due (GET `r`, POST `r`, `code`, `csrf`).
pub const ACCEPTOR_RESET: &str = "/acceptor/reset";
/// POST: mails an activation code (`r`, `csrf`).
pub const ACTIVATION_MAIL: &str = "/activation/mail";
/// The owner's address (GET, POST `email`, `code`, `csrf`).
pub const EMAIL: &str = "/email";
/// Confirms it (POST `code`, `csrf`).
pub const EMAIL_CONFIRM: &str = "/email/confirm";
/// Logs out of both sides (POST `csrf`).
pub const LOGOUT: &str = "/logout";
/// What users and operators need to know (GET).
pub const HELP: &str = "/bantuan";
/// One sheet of paper that leads there (GET).
pub const POSTER: &str = "/bantuan/poster";
/// Folder of the assets (GET), see [`super::Renderer::asset`].
pub const STATIC: &str = "/static/";
/// The phone's app (GET); its worker and manifest lie beside it, its protocol below it.
pub const PHONE: &str = "/authenticator/";
/// Keeps the app without a network (GET).
pub const PHONE_WORKER: &str = "/authenticator/worker.js";
/// Makes the app installable (GET).
pub const PHONE_MANIFEST: &str = "/authenticator/manifest.webmanifest";
/// What the app asks (POST JSON, signed); the name of an action follows.
pub const PHONE_API: &str = "/authenticator/api/v1/";
/// Takes up what the phone said (POST `r`, `csrf`).
pub const ACCEPTOR_PHONE: &str = "/acceptor/phone";
/// Whether the phone has said something: a stream (GET `r`).
pub const ACCEPTOR_EVENTS: &str = "/acceptor/events";
/// The same as one answer that waits (GET `r`).
pub const ACCEPTOR_POLL: &str = "/acceptor/poll";
/// Binds the phone that joined (POST `r`, `csrf`).
pub const ACTIVATION_PHONE: &str = "/activation/phone";
/// Whether a phone has joined: a stream (GET `r`).
pub const ACTIVATION_EVENTS: &str = "/activation/events";
/// The same as one answer that waits (GET `r`).
pub const ACTIVATION_POLL: &str = "/activation/poll";
