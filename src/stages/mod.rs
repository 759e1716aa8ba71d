//! stub
use crate::stage::Register;
pub fn register(_to: &mut impl Register) {}
