//! The people of the stand-in: one per role of `texts.md` section 12 and the difficult cases.

/// The two kinds of account, chosen by a button before the login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserType {
    /// A provider: `PENYEDIA`.
    Penyedia,
    /// Staff: `NON PENYEDIA`.
    NonPenyedia,
}

impl UserType {
    /// The word in `/login?tipe=`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Penyedia => "penyedia",
            Self::NonPenyedia => "nonpenyedia",
        }
    }

    /// The words on buttons and titles.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Penyedia => "PENYEDIA",
            Self::NonPenyedia => "NON PENYEDIA",
        }
    }

    /// Reads the word of `/login?tipe=`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "penyedia" => Some(Self::Penyedia),
            "nonpenyedia" => Some(Self::NonPenyedia),
            _ => None,
        }
    }
}

/// What is special about a user's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Nothing.
    Usual,
    /// `/home` answers 403 though somebody is logged in; the other pages work (`spse44.md` section 3).
    HomeForbidden,
    /// Every private page leads to the change of the password until that is done.
    MustChangePassword,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// User id, in upper case.
    pub id: String,
    /// Password at the start.
    pub password: String,
    /// Penyedia or not.
    pub kind: UserType,
    /// Name of the person or the company, unescaped.
    pub name: String,
    /// The role's label in the header.
    pub role: String,
    /// NIP or LKPP code, the part of the header's title behind the id.
    pub code: String,
    /// What is special.
    pub habit: Habit,
}

impl User {
    /// A usual account with the password `Rahasia-<ID>`.
    #[must_use]
    pub fn new(id: &str, kind: UserType, name: &str, role: &str, code: &str) -> Self {
        Self {
            id: id.to_owned(),
            password: format!("Rahasia-{id}"),
            kind,
            name: name.to_owned(),
            role: role.to_owned(),
            code: code.to_owned(),
            habit: Habit::Usual,
        }
    }

    fn with(mut self, habit: Habit) -> Self {
        self.habit = habit;
        self
    }

    /// The text that every answer with something private of this user carries.
    #[must_use]
    pub fn canary(&self) -> String {
        format!("{CANARY}{}", self.id)
    }
}

/// What every private answer contains, followed by the user's id, and no public answer ever.
///
/// The passwords begin with `Rahasia-`: search with regard to case.
pub const CANARY: &str = "RAHASIA-";

/// A user id as the application reads it: trimmed, upper case (`spse44.md` section 9, item 7).
#[must_use]
pub fn fold(id: &str) -> String {
    id.trim().to_uppercase()
}

/// A name that breaks out of whatever does not escape it, and that imitates the header block of another user.
pub const HOSTILE_NAME: &str = "Budi \"'</a></span></div><script>alert('x')</script><div class=\"float-right\"><span title=\"[AUDITOR1] - 1\"><a href=\"/eproc4/user/viewuser?userid=AUDITOR1\">Auditor</a> - Auditor/Aparat Penegak Hukum {{7*7}} & Co";

/// Everybody but the one with the hostile name: id | type | name | role | code.
const PEOPLE: &str = "\
REKANAN1|penyedia|PT Maju Jaya Sentosa|Penyedia|1000301
REKANAN2|penyedia|CV Karya Mandiri|Penyedia|1000302
REKANAN3|penyedia|PT X - Auditor|Penyedia|1000303
PPE1|nonpenyedia|Wayan Sudarsana|Admin PPE|198001012005011001
AGENCY1|nonpenyedia|Ketut Ariani|Administrator Agensi|198102022006012002
VERIF1|nonpenyedia|Siti Rahmawati|Verifikator|198203032007012003
HELPDESK1|nonpenyedia|Agus Prasetyo|Helpdesk|198304042008011004
KUPBJ1|nonpenyedia|Dewi Lestari|Kepala Unit Pengelola PBJ|197505052000012005
PPK301|nonpenyedia|PPK KINTEK 2021|Pejabat Pembuat Komitmen|00200301
PPK2|nonpenyedia|Made Suardika|Pejabat Pembuat Komitmen|198506062010011006
PP1|nonpenyedia|Rina Wulandari|Pejabat Pengadaan|198607072011012007
POKJA1|nonpenyedia|Joko Susilo|Anggota Kelompok Kerja Pemilihan|198708082012011008
PANITIA1|nonpenyedia|Panitia Pengadaan 7|Pokja/Panitia|198809092013011009
ASN1|nonpenyedia|Nur Hidayat|Aparatur Sipil Negara|198910102014011010
AUDITOR1|nonpenyedia|Ratna Kusuma|Auditor/Aparat Penegak Hukum|197611112001012011
PPHP1|nonpenyedia|Bambang Hermanto|PPHP|198012122006011012
BARU1|nonpenyedia|Indah Permata|Peran Baru 2027|199001012015012013
PPK403|nonpenyedia|Eko Wibowo|Pejabat Pembuat Komitmen|199102022016011014
PPKGANTI|nonpenyedia|Lina Marlina|Pejabat Pembuat Komitmen|199203032017012015";

fn person(line: &str) -> Option<User> {
    let parts: Vec<&str> = line.split('|').collect();
    let [id, kind, name, role, code] = parts.as_slice() else {
        return None;
    };
    let user = User::new(id, UserType::from_word(kind)?, name, role, code);
    Some(match *id {
        "PPK403" => user.with(Habit::HomeForbidden),
        "PPKGANTI" => user.with(Habit::MustChangePassword),
        _ => user,
    })
}

/// Everybody, in the order in which the demo prints them.
#[must_use]
pub fn users() -> Vec<User> {
    let hostile = User::new(
        "JAHAT1",
        UserType::NonPenyedia,
        HOSTILE_NAME,
        "Pejabat Pembuat Komitmen",
        "1\"><script>alert(2)</script>",
    );
    PEOPLE.lines().filter_map(person).chain([hostile]).collect()
}

/// So many further usual accounts, `MASSA0001` and on, for measurements.
#[must_use]
pub fn crowd(count: usize) -> Vec<User> {
    let member = |n: usize| {
        let (id, name) = (format!("MASSA{n:04}"), format!("Warga {n}"));
        let role = "Pejabat Pembuat Komitmen";
        User::new(&id, UserType::NonPenyedia, &name, role, &n.to_string())
    };
    (1..=count).map(member).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_lost() {
        let all = users();
        assert_eq!(all.len(), PEOPLE.lines().count() + 1);
        assert!(all.iter().all(|user| user.id == fold(&user.id)));
    }
}
