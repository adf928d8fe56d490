//! Which next hop a line uses now: pure, exhaustively checked.
