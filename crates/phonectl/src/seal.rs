//! `phonectl config seal` and `unseal`: the encrypted form of configuration files, made and read
//! without a phone.

use std::path::Path;

use sealed::SealError;

use crate::{config::read_octets, failure::Failure, output::Output};

/// Prints a file in its sealed form.
pub(crate) fn seal(file: &Path, key_file: &Path, output: &mut Output) -> Result<(), Failure> {
    let plain = read_octets(file)?;
    let passphrase = passphrase(key_file)?;
    let sealed = sealed::seal(&plain, &passphrase).map_err(|error| blame(error, file, key_file))?;
    output.octets(sealed.as_bytes())
}

/// Prints what a sealed file says.
pub(crate) fn unseal(file: &Path, key_file: &Path, output: &mut Output) -> Result<(), Failure> {
    let sealed = read_octets(file)?;
    let passphrase = passphrase(key_file)?;
    let plain = sealed::open(&sealed, &passphrase).map_err(|error| blame(error, file, key_file))?;
    output.octets(&plain)
}

/// The first line of a file.
fn passphrase(path: &Path) -> Result<String, Failure> {
    let fail = |reason: &str| Failure::File { path: path.to_owned(), reason: reason.to_owned() };
    let text = String::from_utf8(read_octets(path)?).map_err(|_| fail("not text"))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        Some(_) | None => Err(fail("its first line, which is to be the passphrase, is empty")),
    }
}

fn blame(error: SealError, file: &Path, key_file: &Path) -> Failure {
    let path = match error {
        SealError::ShortPassphrase => key_file,
        SealError::NotSealed | SealError::Damaged | SealError::Closed | SealError::System => file,
    };
    Failure::File { path: path.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_passphrase_is_the_first_line_without_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "correct horse battery\r\nnot this\n").unwrap();
        assert_eq!(passphrase(&path).unwrap(), "correct horse battery");
        std::fs::write(&path, "\nnot this\n").unwrap();
        assert!(passphrase(&path).unwrap_err().to_string().contains("empty"));
    }

    #[test]
    fn an_error_names_the_file_that_is_to_blame() {
        let blamed = |error| blame(error, Path::new("file"), Path::new("key")).to_string();
        assert!(blamed(SealError::ShortPassphrase).starts_with("key: "));
        assert!(blamed(SealError::Closed).starts_with("file: "));
    }
}
