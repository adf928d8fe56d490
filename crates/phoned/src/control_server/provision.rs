//! Requests about the configuration that is fetched from a server.

use control::{Payload, Problem, ProvisionRequest};

use super::desk::Desk;

pub(super) async fn answer(request: ProvisionRequest, desk: &Desk) -> Result<Payload, Problem> {
    match request {
        ProvisionRequest::Now {} => desk.provisioner.now().await.map(Payload::Changes),
        ProvisionRequest::Show {} => desk.provisioner.show().await.map(Payload::Provision),
    }
}
