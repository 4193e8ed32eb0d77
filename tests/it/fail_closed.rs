//! Failures close logins and nothing else (invariants I5 to I8): the store at every call of every
//! flow (`flows`, in process), a store that fails for a while (`pauses`), an upstream that
//! misbehaves at each step of a login (`upstream`), key and store files that do not fit, a clock
//! that goes back (`machine`), full or read-only disks (`disk`; both with the real program).

mod chaos;
mod disk;
mod flows;
mod machine;
mod pauses;
mod person;
mod rig;
mod upstream;
