//! Which language a text is in: 76 languages told apart by script and n-grams, 14 more by script alone, and what is no language.
//!
//! The script of most letters comes first; where several languages share it, the hashed n-grams of characters of a bounded sample are weighed by
//! a multinomial logistic regression. A second, small model says whether the text is prose at all. Weights, data and training:
//! `filters/models/MODEL.md`.
//!
//! ```
//! use dataprep::language::{BUILT_IN, Identifier, Scratch};
//! let identifier = Identifier::load(BUILT_IN)?;
//! let guess = identifier.identify("Der Fluss entspringt in den Hügeln.", &mut Scratch::default());
//! assert_eq!(guess.lang, "de");
//! # Ok::<(), dataprep::language::Error>(())
//! ```

// Public for the program that trains the model, which writes what these read.
#[doc(hidden)]
pub mod chinese;
#[doc(hidden)]
pub mod grams;
mod identify;
#[doc(hidden)]
pub mod languages;
#[doc(hidden)]
pub mod prose;
mod sample;
#[doc(hidden)]
pub mod script;
mod shares;
#[doc(hidden)]
pub mod weights;

/// The model that comes with the program.
pub static BUILT_IN: &[u8] = include_bytes!("../../filters/models/language.bin");

#[doc(hidden)]
pub use identify::scale;
pub use identify::{Guess, Identifier, SAMPLE, Scratch};
pub use languages::{NONE, codes};
pub use shares::shares;
pub use weights::Error;
/// True where `tag` names `lang` or a wider language of it: `zh` covers `zh-Hans`.
pub fn covers(tag: &str, lang: &str) -> bool {
    lang.strip_prefix(tag).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
