//! The rules of the OpenMetrics text form (version 1.0.0), as far as they concern what is written here:
//! what `promtool check metrics` would find.

use std::collections::{BTreeMap, BTreeSet};

/// One line with a figure.
#[derive(Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// Panics at what is wrong.
pub(super) fn check(text: &str) {
    let lines = text.strip_suffix("# EOF\n").expect("the end is marked, and nothing follows");
    assert!(!lines.contains("# EOF") && !lines.contains('\r'));
    let (mut family, mut kind) = (String::new(), String::new());
    let (mut families, mut series) = (BTreeSet::new(), BTreeSet::new());
    let mut samples: Vec<Sample> = Vec::new();
    for line in lines.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "HELP", name, help] => {
                check_histograms(&family, &kind, &samples);
                samples.clear();
                assert!(families.insert(name.to_owned()), "{name} comes twice");
                assert!(is_name(name) && help.ends_with('.'), "{line}");
                (family, kind) = (name.to_owned(), String::new());
            }
            ["#", "TYPE", name, told] => {
                assert_eq!(name, family, "its help comes first");
                assert!(["counter", "gauge", "histogram"].contains(&told), "{line}");
                kind = told.to_owned();
            }
            _ => {
                let sample = sample(line);
                let suffixes: &[&str] = match kind.as_str() {
                    "counter" => &["_total"],
                    "gauge" => &[""],
                    "histogram" => &["_bucket", "_count", "_sum"],
                    _ => panic!("{line}: its type comes first"),
                };
                let fits = suffixes.iter().any(|end| sample.name == format!("{family}{end}"));
                assert!(fits, "{line} is no {kind} of {family}");
                assert!(kind == "gauge" || sample.value >= 0.0, "{line}");
                let key = format!("{}{:?}", sample.name, sample.labels);
                assert!(series.insert(key), "{line} comes twice");
                samples.push(sample);
            }
        }
    }
    check_histograms(&family, &kind, &samples);
    assert!(families.len() > 10, "{families:?}");
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Reads `name{label="value",…} value`.
fn sample(line: &str) -> Sample {
    let (head, value) = line.rsplit_once(' ').unwrap();
    let (name, rest) = head.split_once('{').unwrap_or((head, "}"));
    assert!(is_name(name), "{line}");
    let mut labels = BTreeMap::new();
    let mut rest = rest.strip_suffix('}').unwrap();
    while !rest.is_empty() {
        let (label, after) = rest.split_once("=\"").unwrap();
        assert!(is_name(label), "{line}");
        let mut text = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next().unwrap() {
                (at, '"') => break at,
                (_, '\\') => match chars.next().unwrap().1 {
                    'n' => text.push('\n'),
                    c @ ('"' | '\\') => text.push(c),
                    c => panic!("{line}: an escape of {c}"),
                },
                (_, c) => text.push(c),
            }
        };
        assert!(labels.insert(label.to_owned(), text).is_none(), "{line}: {label} twice");
        rest = &after[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    let value = value.parse().unwrap_or_else(|_| panic!("{line}: {value} is no number"));
    Sample { name: name.to_owned(), labels, value }
}

/// Buckets rise, end with all, and their last is the count.
fn check_histograms(family: &str, kind: &str, samples: &[Sample]) {
    if kind != "histogram" {
        return;
    }
    let mut buckets: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    for sample in samples {
        let mut labels = sample.labels.clone();
        if sample.name.ends_with("_bucket") {
            let end = labels.remove("le").unwrap();
            let end = if end == "+Inf" { f64::INFINITY } else { end.parse().unwrap() };
            buckets.entry(format!("{labels:?}")).or_default().push((end, sample.value));
        } else if sample.name.ends_with("_count") {
            counts.insert(format!("{labels:?}"), sample.value);
        }
    }
    assert_eq!(buckets.len(), counts.len(), "{family}");
    for (labels, buckets) in buckets {
        let rises = buckets.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 <= two[1].1);
        assert!(rises, "{family} {labels}: {buckets:?}");
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, counts[&labels])), "{family}");
    }
}
