//! Every bound of the control protocol, in one place. What a peer sends beyond one of these is
//! refused with an error that names the limit; nothing grows without end.

/// Octets of the largest configuration document that an import or export may carry: 4 MiB. The
/// store refuses longer files as well, so an export always fits.
pub const MAX_DOCUMENT: usize = 4 * 1024 * 1024;

/// Octets of the longest line of the protocol, its line feed not counted. A document of
/// [`MAX_DOCUMENT`] octets at most doubles in a JSON string (see [`crate::Document`]); the rest is
/// for what stands around it. The state of ten thousand lines fits as well.
pub const MAX_FRAME: usize = 2 * MAX_DOCUMENT + 64 * 1024;
