//! `phonectl watch`: every event as it happens, until interrupted or until the phone ends. With
//! `--json` each line is passed on as the phone wrote it, so that a newer phone's events arrive
//! whole.

use clap::Args;
use control::{Notification, Request, decode};

use crate::{client::Client, event, failure::Failure, output::Output};

#[derive(Args)]
pub(crate) struct Watch {}

impl Watch {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let mut connection = client.connect(&Request::Watch {})?;
        connection.reply()?;
        connection.wait_for_ever()?;
        loop {
            let mut line = connection.line()?;
            if output.is_json() {
                line.push(b'\n');
                output.octets(&line)?;
                continue;
            }
            match decode::<Notification>(&line) {
                Ok(notification) => output.line(&event::line(&notification))?,
                Err(_) => output.line(&String::from_utf8_lossy(&line))?,
            }
        }
    }
}
