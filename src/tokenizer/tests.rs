//! Placeholder until the engines build.
