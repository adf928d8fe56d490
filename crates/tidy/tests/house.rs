//! The rules of the house, held against this repository. Each failure names file and line, what is
//! wrong and how to mend it.

use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};
use tidy::imports::{Edge, Need};
use tidy::{Finding, Source, report, tracked};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn hold(rule: impl Fn(&[Source]) -> Vec<Finding>) {
    let files = tracked(&root());
    assert!(
        files.as_ref().is_ok_and(|files| !files.is_empty()),
        "no tracked files: {:?}",
        files.err()
    );
    let files = files.unwrap_or_default();
    let findings = rule(&files);
    assert!(findings.is_empty(), "{} findings:{}", findings.len(), report(&findings));
}

#[test]
fn crates_import_only_what_the_architecture_allows() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata reads the workspace");
    let ours: Vec<String> = metadata.packages.iter().map(|p| p.name.to_string()).collect();
    let edges: Vec<Edge> = metadata
        .packages
        .iter()
        .flat_map(|package| {
            package.dependencies.iter().map(|dependency| Edge {
                from: package.name.to_string(),
                to: dependency.name.clone(),
                need: match dependency.kind {
                    DependencyKind::Development => Need::Dev,
                    DependencyKind::Build => Need::Build,
                    DependencyKind::Normal | DependencyKind::Unknown => Need::Normal,
                },
            })
        })
        .collect();
    assert!(edges.len() > 20, "cargo metadata names the dependencies");
    let findings = tidy::imports::check(&ours, &edges);
    assert!(findings.is_empty(), "{} findings:{}", findings.len(), report(&findings));
}

#[test]
fn pure_crates_ban_the_world_and_stay_out_of_it() {
    hold(tidy::purity::check);
}

#[test]
fn files_and_functions_stay_small_and_exceptions_state_a_reason() {
    hold(tidy::size::check);
}

#[test]
fn every_module_opens_with_what_it_answers_for() {
    hold(tidy::opening::check);
}

#[test]
fn unit_tests_do_not_sleep() {
    hold(tidy::sleep::check);
}

#[test]
fn nothing_unfinished_or_hidden_is_tracked() {
    hold(tidy::words::check);
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    hold(tidy::places::check);
}

#[test]
fn every_dependency_states_its_reason_and_comes_from_the_workspace() {
    hold(tidy::manifest::check);
}

#[test]
fn every_document_is_linked_and_no_link_is_dead() {
    hold(tidy::links::check);
}

#[test]
fn shell_scripts_stop_at_the_first_failure() {
    hold(tidy::scripts::check);
}

#[test]
fn every_requirement_is_cited_by_a_test_or_waits_by_name() {
    hold(tidy::citations::check);
}
