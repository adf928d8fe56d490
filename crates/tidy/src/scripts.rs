//! Shell scripts stop at the first failure: the first command of each is `set -euo pipefail`
//! (`set -eu` for plain `sh`, which on a device has no `pipefail`). What lies under `scripts/lib/` is
//! sourced and leaves that to who sources it.

use crate::{Finding, Source};

/// Checks every tracked file whose first line names a shell.
#[must_use]
pub fn check(files: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| !file.path.starts_with("scripts/lib/")) {
        let first = file.text.lines().next().unwrap_or("");
        let wanted = match first.strip_prefix("#!") {
            Some(shell) if shell.ends_with("bash") => "set -euo pipefail",
            Some(shell) if shell.ends_with("sh") => "set -eu",
            Some(_) => continue,
            None if file.path.starts_with("scripts/") && !file.path.contains('.') => {
                findings.push(file.finding(1, "has no #! line: begin with #!/usr/bin/env bash"));
                continue;
            }
            None => continue,
        };
        let command =
            file.lines().find(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        if command.is_none_or(|(_, line)| line.trim() != wanted) {
            let number = command.map_or(0, |(number, _)| number);
            findings.push(
                file.finding(number, format!("its first command is not `{wanted}`: put it there")),
            );
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_goes_on_after_a_failure_is_found() {
        let right =
            Source::new("scripts/a", "#!/usr/bin/env bash\n# Says why.\nset -euo pipefail\nls\n");
        let wrong = Source::new("scripts/b", "#!/usr/bin/env bash\nset -e\nls\n");
        let plain = Source::new("rootfs-overlay/x.sh", "#!/bin/sh\nset -eu\n");
        let python = Source::new("scripts/c", "#!/usr/bin/env python3\nimport os\n");
        let found = check(&[right, wrong, plain, python]);
        assert_eq!(found.iter().map(|f| &f.path[..]).collect::<Vec<_>>(), ["scripts/b"]);
    }
}
