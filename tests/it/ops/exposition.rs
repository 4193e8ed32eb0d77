//! A strict reader of Prometheus' text format 0.0.4. Whatever the real one would complain about, or
//! merely tolerate, panics here.

use std::collections::{BTreeMap, BTreeSet};

/// A sample's labels, by name.
pub(super) type Labels = BTreeMap<String, String>;

/// All samples of a scrape.
#[derive(Debug, Default)]
pub(crate) struct Samples(BTreeMap<(String, Labels), f64>);

impl Samples {
    /// The value of a sample; 0 where there is none.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels = labels
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        self.0
            .get(&(name.to_owned(), labels))
            .copied()
            .unwrap_or(0.0)
    }

    /// The sum over all samples of this name.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        let of_name = self.0.iter().filter(|((found, _), _)| found == name);
        of_name.map(|(_, value)| value).sum()
    }

    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.0.keys().map(|(name, _)| name.as_str()).collect()
    }

    pub(super) fn label_values(&self) -> impl Iterator<Item = &str> {
        self.0
            .keys()
            .flat_map(|(_, labels)| labels.values().map(String::as_str))
    }
}

struct Family {
    name: String,
    kind: Option<String>,
}

/// Reads a whole scrape.
#[track_caller]
pub(super) fn parse(text: &str) -> Samples {
    assert!(text.ends_with('\n'), "the last line has no end");
    let mut samples = Samples::default();
    let mut seen = BTreeSet::new();
    let mut family: Option<Family> = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help text");
            assert!(is_name(name) && !help.trim().is_empty(), "{line}");
            assert!(seen.insert(name.to_owned()), "{name} comes twice");
            let name = name.to_owned();
            family = Some(Family { name, kind: None });
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            let family = family.as_mut().expect("HELP comes first");
            assert_eq!(family.name, name, "TYPE of another family");
            assert!(family.kind.is_none(), "{line} twice");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            family.kind = Some(kind.to_owned());
        } else {
            let family = family.as_ref().expect("a family before its samples");
            sample(line, family, &mut samples);
        }
    }
    check_histograms(&samples);
    samples
}

fn sample(line: &str, family: &Family, samples: &mut Samples) {
    let kind = family.kind.as_deref().expect("a type before the samples");
    let (series, value) = line.rsplit_once(' ').expect("a value");
    let (name, labels) = match series.split_once('{') {
        Some((name, rest)) => (name, labels(rest.strip_suffix('}').expect("}"))),
        None => (series, Labels::new()),
    };
    assert!(is_name(name), "{line}");
    let suffix = name.strip_prefix(family.name.as_str()).expect("its family");
    let suffixes: &[&str] = match kind {
        "histogram" => &["_bucket", "_sum", "_count"],
        _ => &[""],
    };
    assert!(suffixes.contains(&suffix), "{line}");
    let value: f64 = value.parse().expect("a number");
    assert!(value.is_finite(), "{line}");
    assert!(kind == "gauge" || value >= 0.0, "{line}");
    assert_eq!(suffix == "_bucket", labels.contains_key("le"), "{line}");
    let before = samples.0.insert((name.to_owned(), labels), value);
    assert!(before.is_none(), "{line} twice");
}

fn labels(text: &str) -> Labels {
    let mut labels = Labels::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, behind) = rest.split_once("=\"").expect("a label");
        assert!(
            is_name(name) && !name.contains(':') && !name.starts_with("__"),
            "{text}"
        );
        let mut value = String::new();
        let mut signs = behind.char_indices();
        let end = loop {
            match signs.next().expect("a quote at the end") {
                (_, '\\') => match signs.next().expect("an escape").1 {
                    'n' => value.push('\n'),
                    sign @ ('\\' | '"') => value.push(sign),
                    other => panic!("escape {other:?} in {text}"),
                },
                (at, '"') => break at,
                (_, sign) => value.push(sign),
            }
        };
        assert!(labels.insert(name.to_owned(), value).is_none(), "{text}");
        rest = &behind[end + 1..];
        if !rest.is_empty() {
            rest = rest.strip_prefix(',').expect("a comma");
            assert!(!rest.is_empty(), "a comma at the end of {text}");
        }
    }
    labels
}

fn is_name(name: &str) -> bool {
    let first = name.chars().next();
    first.is_some_and(|sign| sign.is_ascii_lowercase())
        && name
            .chars()
            .all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_')
}

fn check_histograms(samples: &Samples) {
    let bases: BTreeSet<String> = samples
        .names()
        .into_iter()
        .filter_map(|name| name.strip_suffix("_bucket"))
        .map(str::to_owned)
        .collect();
    for base in bases {
        let bucket = format!("{base}_bucket");
        let mut ends: Vec<(f64, f64)> = samples
            .0
            .iter()
            .filter(|((name, _), _)| *name == bucket)
            .map(|((_, labels), count)| (labels["le"].parse().unwrap(), *count))
            .collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(
            ends.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1),
            "{base}: {ends:?}"
        );
        let (last, all) = *ends.last().unwrap();
        assert!(last.is_infinite(), "{base} has no +Inf");
        assert_eq!(all, samples.value(&format!("{base}_count"), &[]), "{base}");
    }
}

#[test]
fn the_reader_bites() {
    let good = "# HELP a_total x\n# TYPE a_total counter\na_total{b=\"c\\\"\\n\",d=\"e\"} 1\n";
    assert_eq!(
        parse(good).value("a_total", &[("b", "c\"\n"), ("d", "e")]),
        1.0
    );
    for bad in [
        "a 1\n",
        "# TYPE a gauge\na 1\n",
        "# HELP a x\na 1\n",
        "# HELP a x\n# TYPE a counter\na 1\n",
        "# HELP a_total x\n# TYPE a_total counter\na_total -1\n",
        "# HELP a x\n# TYPE a gauge\na 1\na 1\n",
        "# HELP a x\n# TYPE a gauge\na NaN\n",
        "# HELP a x\n# TYPE a gauge\na 1",
        "# HELP a x\n# TYPE a gauge\nb 1\n",
        "# HELP a x\n# TYPE a gauge\na{b=\"c} 1\n",
        "# HELP a x\n# TYPE a gauge\na{b=\"c\",} 1\n",
        "# HELP a x\n# TYPE a gauge\na{b=\"\\x\"} 1\n",
        "# HELP a x\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
        "# HELP a x\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
    ] {
        assert!(std::panic::catch_unwind(|| parse(bad)).is_err(), "{bad}");
    }
}
