//! Requests, replies and notifications of the control socket.
