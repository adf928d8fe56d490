//! Where a configuration is fetched from: the address that the items make, with this phone's own
//! marks in it (F8).

use std::fmt;

/// What stands for `$mac` and `$model` in an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Twelve hexadecimal digits in lower case.
    pub(crate) mac: String,
    /// The model's name.
    pub(crate) model: &'static str,
}

/// How a file is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Tftp,
    Http,
    Https,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Tftp => "tftp",
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn find(name: &str) -> Option<Self> {
        let all = [Self::Tftp, Self::Http, Self::Https];
        all.into_iter().find(|scheme| scheme.name().eq_ignore_ascii_case(name))
    }
}

/// One file on one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) scheme: Scheme,
    /// Host and, where one is named, port, as in a URL.
    pub(crate) authority: String,
    /// Begins with a slash; with the query, if there is one.
    pub(crate) path: String,
}

/// Why an address is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlaceError {
    /// Not one of the schemes.
    #[error("`{0}` files are not fetched; give a tftp, http or https address")]
    Scheme(String),
    /// No host.
    #[error("the address names no server")]
    NoHost,
    /// A password in an address would be in every log.
    #[error(
        "the address holds a user name; put it and its password into `Default Username` and \
         `Default Password`"
    )]
    Login,
    /// A blank or control character.
    #[error("the address holds a blank or a control character")]
    Blank,
}

impl PlaceError {
    /// The same as its `Display` form, in Chinese.
    pub(crate) fn chinese(&self) -> String {
        match self {
            Self::Scheme(scheme) => {
                format!("不支持 `{scheme}` 方式获取文件；请使用 tftp、http 或 https 地址")
            }
            Self::NoHost => "地址中没有服务器".to_owned(),
            Self::Login => "地址中含用户名；请将用户名和密码填入 `Default Username` 和 \
                 `Default Password`"
                .to_owned(),
            Self::Blank => "地址中含空格或控制字符".to_owned(),
        }
    }
}

impl Place {
    /// What the items name: a server, which may be a whole address or only a host, which is then
    /// asked by `scheme` (`None`: FTP, which is refused), and a file, which may be empty: then it is
    /// the phone's own, `$mac.cfg`.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub(crate) fn of_items(
        server: &str,
        file: &str,
        scheme: Option<Scheme>,
        marks: &Marks,
    ) -> Result<Self, PlaceError> {
        let file = if file.is_empty() { "$mac.cfg" } else { file };
        if file.contains("://") {
            return Self::of_url(file, marks);
        }
        let server = match server.split_once("://") {
            Some(_) => server.to_owned(),
            None => format!("{}://{server}", scheme.map_or("ftp", Scheme::name)),
        };
        let (base, file) = (server.trim_end_matches('/'), file.trim_start_matches('/'));
        Self::of_url(&format!("{base}/{file}"), marks)
    }

    /// A whole address; `$mac` and `$model` in it stand for this phone's.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub(crate) fn of_url(url: &str, marks: &Marks) -> Result<Self, PlaceError> {
        let url = url.replace("$mac", &marks.mac).replace("$MAC", &marks.mac.to_uppercase());
        let url = url.replace("$model", marks.model);
        if url.chars().any(|character| character.is_whitespace() || character.is_control()) {
            return Err(PlaceError::Blank);
        }
        let (scheme, rest) = url.split_once("://").ok_or(PlaceError::NoHost)?;
        let scheme = Scheme::find(scheme).ok_or_else(|| PlaceError::Scheme(scheme.to_owned()))?;
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(PlaceError::Login);
        }
        if authority.is_empty() || authority.starts_with(':') {
            return Err(PlaceError::NoHost);
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self { scheme, authority: authority.to_owned(), path: format!("{slash}{path}") })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.name(), self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks() -> Marks {
        Marks { mac: "0c383e0a0b0c".into(), model: "phoned" }
    }

    fn of_items(server: &str, file: &str, scheme: Scheme) -> String {
        Place::of_items(server, file, Some(scheme), &marks()).unwrap().to_string()
    }

    #[test]
    fn a_server_that_is_only_a_host_is_asked_by_the_protocol_of_its_item() {
        assert_eq!(of_items("10.0.0.1", "", Scheme::Tftp), "tftp://10.0.0.1/0c383e0a0b0c.cfg");
        let named = of_items("pbx.test:8080", "/Fanvil/$model-$mac.xml", Scheme::Http);
        assert_eq!(named, "http://pbx.test:8080/Fanvil/phoned-0c383e0a0b0c.xml");
    }

    #[test]
    fn a_server_that_is_an_address_says_itself_how_it_is_asked() {
        let named = of_items("https://pbx.test/prov/", "$MAC.cfg", Scheme::Tftp);
        assert_eq!(named, "https://pbx.test/prov/0C383E0A0B0C.cfg");
        let whole = of_items("10.0.0.1", "http://[::1]:81/x?mac=$mac", Scheme::Tftp);
        assert_eq!(whole, "http://[::1]:81/x?mac=0c383e0a0b0c");
    }

    #[test]
    fn what_is_no_address_is_told_why() {
        let error = |url: &str| Place::of_url(url, &marks()).unwrap_err();
        assert_eq!(error("ftp://h/x"), PlaceError::Scheme("ftp".into()));
        let ftp = Place::of_items("10.0.0.1", "", None, &marks());
        assert_eq!(ftp, Err(PlaceError::Scheme("ftp".into())));
        assert_eq!(error("http:///x"), PlaceError::NoHost);
        assert_eq!(error("http://u:p@h/x"), PlaceError::Login);
        assert_eq!(error("http://h/a b"), PlaceError::Blank);
        assert!(!error("http://u:secret@h/x").to_string().contains("secret"));
    }
}
