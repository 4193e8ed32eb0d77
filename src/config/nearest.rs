//! The nearest known name to one that is not known.

/// Names offered at most.
const OFFERED_MAX: usize = 3;

/// Known names that `typed` is probably meant to be, nearest first; empty when none is near.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let folded = typed.to_lowercase();
    let mut found: Vec<(bool, usize, &str)> = known
        .into_iter()
        .filter_map(|name| {
            let candidate = name.to_lowercase();
            let longest = folded.chars().count().max(candidate.chars().count());
            let distance = strsim::damerau_levenshtein(&folded, &candidate);
            // Under half of a short name, a third of a long one may be wrong.
            let near = distance * 2 < longest && distance <= (longest / 3).max(2);
            let begins = |long: &str, short: &str| short.len() >= 3 && long.starts_with(short);
            let begun = begins(&candidate, &folded) || begins(&folded, &candidate);
            (near || begun).then_some((!begun, distance, name))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
        .into_iter()
        .take(OFFERED_MAX)
        .map(|(.., name)| name)
        .collect()
}

/// `did you mean ...?`, or the list of what there is when nothing is near.
pub fn suggestion<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let near = nearest(typed, known.iter().copied());
    if near.is_empty() {
        return format!("known here: {}", known.join(", "));
    }
    format!("did you mean {}?", quoted_or(&near))
}

fn quoted_or(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["name", "id", "context", "public_url", "idle_seconds"];
        let cases: &[(&str, &[&str])] = &[
            ("nmae", &["name"]),
            ("Name", &["name"]),
            ("publicurl", &["public_url"]),
            ("idle", &["idle_seconds"]),
            ("contxt", &["context"]),
            ("colour", &[]),
        ];
        for (typed, want) in cases {
            assert_eq!(&nearest(typed, known), want, "{typed}");
        }
    }

    #[test]
    fn a_suggestion_names_the_near_or_lists_all() {
        assert_eq!(
            suggestion("offf", ["off", "observe"]),
            "did you mean `off`?"
        );
        assert_eq!(
            suggestion("zzzzzz", ["off", "observe"]),
            "known here: off, observe"
        );
    }
}
