//! From pairs of documents alike to groups, of each of which one document stays: the greedy choice, or connected components.

use super::greedy::Greedy;
use super::records::Place;

/// Two documents alike, the one that would stay first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// The earlier in survivor order.
    pub earlier: Place,
    /// The later.
    pub later: Place,
    /// Their similarity; not a number where it was not measured.
    pub alike: f64,
}

/// A document and the one that stays of its group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member {
    /// The document that stays.
    pub leader: Place,
    /// The document; not the leader.
    pub place: Place,
    /// How alike it is: to the leader, or, where it is of the group only through others, to the one it is most like.
    pub alike: f64,
}

/// What makes a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// A document belongs to the first one that stays and is alike: no chains.
    Greedy,
    /// All that are linked by pairs, however far apart.
    Components,
}

/// The members of all groups in survivor order. `edges` are ordered by the later, then the earlier document, each once.
pub fn members(edges: &[Edge], rule: Rule) -> Vec<Member> {
    match rule {
        Rule::Greedy => {
            let mut greedy = Greedy::default();
            let goes = edges.iter().filter(|edge| greedy.edge(edge.earlier.doc, edge.later.doc));
            goes.map(|edge| Member { leader: edge.earlier, place: edge.later, alike: edge.alike }).collect()
        }
        Rule::Components => components(edges),
    }
}

/// Union and find over the documents that occur, numbered in survivor order: 16 bytes for each and 4 for its parent, the smaller number being the root.
fn components(edges: &[Edge]) -> Vec<Member> {
    let mut places: Vec<Place> = edges.iter().flat_map(|edge| [edge.earlier, edge.later]).collect();
    places.sort_unstable();
    places.dedup();
    let number = |place: &Place| places.partition_point(|other| other < place);
    let mut parents: Vec<u32> = (0..places.len() as u32).collect();
    fn root(parents: &mut [u32], mut at: u32) -> u32 {
        while parents[at as usize] != at {
            // Halving the path keeps it short for whoever comes next.
            parents[at as usize] = parents[parents[at as usize] as usize];
            at = parents[at as usize];
        }
        at
    }
    for edge in edges {
        let (a, b) = (root(&mut parents, number(&edge.earlier) as u32), root(&mut parents, number(&edge.later) as u32));
        parents[a.max(b) as usize] = a.min(b);
    }
    // How alike each document is to its root, and to whomever it is most like.
    let mut alike = vec![(f64::NAN, f64::NAN); places.len()];
    for edge in edges {
        let (a, b) = (number(&edge.earlier), number(&edge.later));
        for at in [a, b] {
            alike[at].1 = alike[at].1.max(edge.alike);
        }
        if root(&mut parents, b as u32) == a as u32 {
            alike[b].0 = edge.alike;
        }
    }
    let numbered = (0u32..).zip(&places);
    let member = |(at, place): (u32, &Place)| {
        let leader = root(&mut parents, at);
        let (to_root, to_any) = alike[at as usize];
        (leader != at).then(|| Member { leader: places[leader as usize], place: *place, alike: if to_root.is_nan() { to_any } else { to_root } })
    };
    numbered.filter_map(member).collect()
}

#[cfg(test)]
mod tests {
    use super::super::mix;
    use super::*;

    fn edges(pairs: &[(u64, u64)]) -> Vec<Edge> {
        let place = |doc| Place { rank: 0, doc };
        let mut edges: Vec<Edge> =
            pairs.iter().map(|(a, b)| Edge { earlier: place(*a.min(b)), later: place(*a.max(b)), alike: 1.0 / (a + b) as f64 }).collect();
        edges.sort_by_key(|edge| (edge.later, edge.earlier));
        edges.dedup();
        edges
    }

    #[test]
    fn chains_are_followed_by_components_alone() {
        let chain = edges(&[(1, 2), (2, 3), (3, 4), (7, 9)]);
        let who = |rule| members(&chain, rule).iter().map(|member| (member.place.doc, member.leader.doc, member.alike)).collect::<Vec<_>>();
        assert_eq!(who(Rule::Greedy), [(2, 1, 1.0 / 3.0), (4, 3, 1.0 / 7.0), (9, 7, 1.0 / 16.0)]);
        assert_eq!(who(Rule::Components), [(2, 1, 1.0 / 3.0), (3, 1, 1.0 / 5.0), (4, 1, 1.0 / 7.0), (9, 7, 1.0 / 16.0)]);
    }

    #[test]
    fn components_are_those_of_a_search() {
        for seed in 0..200u64 {
            let roll = |what: u64| mix(mix(seed + 1) ^ what);
            let (documents, count) = (2 + roll(0) % 40, roll(1) % 50);
            let pairs: Vec<(u64, u64)> = (0..count).map(|n| (roll(2 * n + 9) % documents, roll(2 * n + 10) % documents)).filter(|(a, b)| a != b).collect();
            // The smallest document that each can reach.
            let mut least: Vec<u64> = (0..documents).collect();
            for _ in 0..documents {
                for (a, b) in &pairs {
                    let both = least[*a as usize].min(least[*b as usize]);
                    (least[*a as usize], least[*b as usize]) = (both, both);
                }
            }
            let expected: Vec<(u64, u64)> =
                (0..documents).zip(&least).filter(|(document, least)| document != *least).map(|(document, least)| (document, *least)).collect();
            let found: Vec<(u64, u64)> = members(&edges(&pairs), Rule::Components).iter().map(|member| (member.place.doc, member.leader.doc)).collect();
            assert_eq!(found, expected, "seed {seed}");
        }
    }
}
