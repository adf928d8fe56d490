//! The rules of the house as tests: imports, purity, sizes.
