use super::*;

/// Texts about people and places of which each text has its own.
fn english() -> Vec<String> {
    let names = ["Marlow", "Tindle", "Carver", "Pelham", "Rowley", "Sutton", "Kelway", "Norris", "Dunmow", "Hartle"];
    let things = ["bridge", "garden", "church", "market", "harbor", "school", "museum", "valley", "castle", "tunnel"];
    let text = |at: usize| {
        let (name, thing, other) = (names[at], things[at], things[(at + 3) % 10]);
        format!(
            "The people of {name} have built a new {thing} beside the old {other}.\nMany of the visitors are surprised by what {name} has to offer in the {thing}. \
             This is an example of how the town number {at} keeps its old {other}.\nMenu | Home | {name}\n"
        )
    };
    (0..10).map(text).collect()
}

fn chinese() -> Vec<String> {
    let things = ["小说", "汽车", "桥梁", "花园", "学校", "图书", "地图", "诗歌", "轮船", "村庄"];
    let names = ["青山", "白河", "黄石", "长安", "北海", "东营", "西昌", "南宁", "玉门", "天水"];
    let text = |at: usize| {
        let (thing, name) = (things[at], names[at]);
        format!(
            "他们昨天在{name}看见了一座很大的{thing}。后来我们在{name}又找到了三本关于{thing}的旧书。这条路一直通到村子后面的小学校。第{at}天他们才回到自己的家里去休息。\n"
        )
    };
    (0..10).map(text).collect()
}

fn kinds(pairs: &[Pair]) -> Vec<(&str, usize)> {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for pair in pairs {
        match kinds.last_mut() {
            Some((kind, count)) if *kind == pair.kind => *count += 1,
            _ => kinds.push((&pair.kind, 1)),
        }
    }
    kinds
}

#[test]
fn every_kind_of_pair_is_made_in_both_languages() {
    let pairs = pairs(&[english(), chinese()].concat(), 1, 100, 1);
    let found: Vec<&str> = kinds(&pairs).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(found, ["en_agreement", "en_cloze", "en_fact", "en_order", "zh_agreement", "zh_cloze", "zh_fact", "zh_order"], "{pairs:#?}");
    let of = |kind: &str| pairs.iter().filter(|pair| pair.kind == kind).collect::<Vec<_>>();
    for pair in &pairs {
        assert!(pair.right != pair.wrong && !pair.right.contains("Menu") && pair.right.ends_with(['.', '。']), "{pair:?}");
    }
    // One word differs in the number it agrees with.
    let changed = |pair: &Pair| {
        let words = |text: &str| text.split(' ').map(|word| word.trim_end_matches('.').to_owned()).collect::<Vec<_>>();
        let (right, wrong) = (words(&pair.right), words(&pair.wrong));
        assert_eq!(right.len(), wrong.len());
        right.iter().zip(&wrong).filter(|(a, b)| a != b).map(|(a, b)| (a.clone(), b.clone())).collect::<Vec<_>>()
    };
    for pair in of("en_agreement") {
        let change = changed(pair);
        assert_eq!(change.len(), 1);
        let known = [("is", "are"), ("are", "is"), ("have", "has"), ("has", "have"), ("a", "an"), ("an", "a")];
        assert!(known.contains(&(change[0].0.as_str(), change[0].1.as_str())), "{change:?}");
    }
    for pair in of("en_order") {
        let change = changed(pair);
        assert!(change.len() == 2 && change[0].0 == change[1].1 && change[0].1 == change[1].0, "{pair:?}");
    }
    for pair in of("en_fact") {
        let change = changed(pair);
        assert_eq!(change.len(), 1, "{pair:?}");
        // The first sentence says what the second one's wrong member gets wrong.
        assert!(pair.right.matches(&change[0].0).count() >= 2 && pair.wrong.contains(&change[0].0), "{pair:?}");
        assert_eq!(change[0].0.len(), change[0].1.len());
    }
    for pair in of("zh_agreement") {
        let change: Vec<(char, char)> = pair.right.chars().zip(pair.wrong.chars()).filter(|(a, b)| a != b).collect();
        assert!(change.len() == 1 && "座本条".contains(change[0].0), "{pair:?}");
    }
    for pair in of("zh_order") {
        let sorted = |text: &str| text.chars().collect::<BTreeSet<_>>();
        assert_eq!(sorted(&pair.right), sorted(&pair.wrong));
    }
}

#[test]
fn pairs_are_a_function_of_texts_and_seed() {
    let texts = [english(), chinese()].concat();
    let first = pairs(&texts, 1, 5, 1);
    assert_eq!(first, pairs(&texts, 1, 5, 1));
    assert_ne!(first, pairs(&texts, 2, 5, 1));
    assert!(kinds(&first).iter().all(|(_, count)| *count <= 5) && first.len() > 30);
    // What stood in a text before is not taken again.
    assert_eq!(pairs(&[texts.clone(), texts.clone()].concat(), 1, 5, 1), first);
}

#[test]
fn what_is_no_prose_of_these_languages_gives_no_pairs() {
    let german = "Der Fluss entspringt in den Hügeln und fließt durch das ganze Land bis zum Meer. Die Leute sind arm.".to_owned();
    let menu = "Home | About | Contact | Login\n".repeat(10);
    assert_eq!(pairs(&[german, menu, String::new()], 1, 10, 1), []);
    // Too few of a kind say nothing.
    assert_eq!(pairs(&english(), 1, 100, 100), []);
}
