//! The tenders: made up, always the same.

/// One package.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) agency: &'static str,
    pub(crate) stage: &'static str,
    /// HPS in millions of rupiah.
    pub(crate) value: u64,
    pub(crate) method: &'static str,
}

const WORKS: [&str; 9] = [
    "Pembangunan Jembatan Gantung Desa",
    "Rehabilitasi Ruang Kelas SMP Negeri",
    "Peningkatan Jalan Ruas",
    "Pengadaan Alat Kesehatan RSUD",
    "Belanja Modal Komputer Dinas",
    "Jasa Konsultansi Pengawasan Jalan",
    "Pemeliharaan Berkala Irigasi",
    "Pengadaan Bibit Padi Kelompok Tani",
    "Pembangunan Gedung Puskesmas",
];
const PLACES: [&str; 7] = [
    "Sukamaju",
    "Tirta Sari",
    "Mekar Jaya",
    "Banjar Anyar",
    "Pulau Indah",
    "Karang Asem",
    "Lembah Hijau",
];
const AGENCIES: [&str; 4] = [
    "Dinas Pekerjaan Umum Kab. Contoh",
    "Dinas Pendidikan Kab. Contoh",
    "RSUD Kab. Contoh",
    "Dinas Pertanian Kab. Contoh",
];
const STAGES: [&str; 5] = [
    "Pengumuman Pascakualifikasi",
    "Upload Dokumen Penawaran",
    "Evaluasi Administrasi, Kualifikasi, Teknis, dan Harga",
    "Masa Sanggah",
    "Tender Sudah Selesai",
];

/// How many packages a table has.
pub(crate) const COUNT: u64 = 63;

/// Package number `n` (from 0) of a table; `start` is the first number of the table's ids.
pub(crate) fn package(start: u64, n: u64) -> Package {
    let pick = |list: &[&'static str], step: u64| {
        list[usize::try_from(n * step).unwrap_or(0) % list.len()]
    };
    Package {
        id: start + n * 1000,
        name: format!("{} {}", pick(&WORKS, 1), pick(&PLACES, 3)),
        agency: pick(&AGENCIES, 5),
        stage: pick(&STAGES, 2),
        value: 150 + n * 137 % 9_800,
        method: if start < 5_000_000 {
            "Tender"
        } else {
            "Pengadaan Langsung"
        },
    }
}

/// First id of a table's packages.
pub(crate) fn first_id(table: &str) -> u64 {
    match table {
        "lelang" => 2_301_194,
        "pl" => 5_301_194,
        "nonspk" => 6_301_194,
        "swakelola" => 7_301_194,
        _ => 8_301_194,
    }
}

/// The package that an address names, found or made up.
pub(crate) fn by_id(id: &str) -> Package {
    let number: u64 = id.parse().unwrap_or(0);
    let table = if number < 5_000_000 { "lelang" } else { "pl" };
    let n = number.saturating_sub(first_id(table)) / 1000 % COUNT;
    Package {
        id: number,
        ..package(first_id(table), n)
    }
}

/// `Rp 1,2 M` or `Rp 350,0 Jt`, as SPSE shortens amounts; its spaces do not break.
pub(crate) fn amount(millions: u64) -> String {
    if millions >= 1000 {
        format!(
            "Rp\u{a0}{},{}\u{a0}M",
            millions / 1000,
            millions % 1000 / 100
        )
    } else {
        format!("Rp\u{a0}{millions},0\u{a0}Jt")
    }
}
