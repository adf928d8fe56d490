//! Session descriptions (RFC 8866) and the offer/answer exchange about one audio stream (RFC 3264).
//!
//! [`Description`] reads and writes SDP and keeps what it does not know. [`Negotiator`] makes offers
//! and answers out of [`LocalMedia`] and says in a [`Negotiated`] where sound goes and in which form.
//! Nothing here opens a port, knows a codec's insides, or knows which SIP message carries what.

mod codec;
mod description;
mod direction;
mod matching;
mod offer_answer;
mod reader;

pub use codec::Codec;
pub use description::{Connection, Description, Line, Media, Origin};
pub use direction::Direction;
pub use matching::Negotiated;
pub use offer_answer::{LocalMedia, NegotiationError, Negotiator};
pub use reader::SdpError;
