//! A bounded memory of what was loaded lately, by number.

use std::collections::HashMap;
use std::sync::Arc;

/// Two generations: what is used stays in the young one; when that has taken half the budget, the old one is forgotten.
/// Whether something is remembered changes no answer, only the time.
#[derive(Debug)]
pub struct Recent<T: ?Sized> {
    young: HashMap<u64, Arc<T>>,
    old: HashMap<u64, Arc<T>>,
    used: usize,
    half: usize,
}

impl<T: ?Sized> Recent<T> {
    /// Remembers about `budget` bytes.
    pub fn new(budget: usize) -> Recent<T> {
        Recent { young: HashMap::new(), old: HashMap::new(), used: 0, half: budget / 2 }
    }

    /// What stands under `number`, loaded if it is not remembered.
    pub fn get<E>(&mut self, number: u64, load: impl FnOnce() -> Result<Arc<T>, E>) -> Result<Arc<T>, E> {
        if let Some(found) = self.young.get(&number) {
            return Ok(found.clone());
        }
        let found = match self.old.remove(&number) {
            Some(found) => found,
            None => load()?,
        };
        let weight = size_of_val(&*found) + 64;
        if self.used + weight > self.half {
            self.old = std::mem::take(&mut self.young);
            self.used = 0;
        }
        self.used += weight;
        self.young.insert(number, found.clone());
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_answers_are_right() {
        let mut recent: Recent<[u8]> = Recent::new(1000);
        let mut loads = 0;
        for round in 0..100u64 {
            let number = if round % 2 == 0 { 7 } else { round };
            let found = recent.get(number, || {
                loads += 1;
                Ok::<_, ()>(vec![number as u8; 100].into())
            });
            assert_eq!(found.unwrap()[0], number as u8);
        }
        assert!(recent.young.len() + recent.old.len() <= 8);
        assert_eq!(loads, 50, "what is used often is loaded once");
    }
}
