//! Drop texts that are mostly toxic, sexual or violent, or that lure to gambling, in English and Chinese.
//!
//! A small classifier comes with the program. It looks at windows of 500 characters, at most 64 spread over the text, and a category's score is the
//! mean of its probabilities in them: about the share of the text that is of that kind. So a coarse word in a novel, or a threat quoted in a
//! judgment, weighs little. Scores are written to the tags `safety.toxic`, `safety.sexual`, `safety.violent` and `safety.gambling`.
//!
//! ```toml
//! [[stage]]
//! use = "safety"
//! toxic = 0.8                          # greatest score of a text that stays; 1 only writes the tag
//! # list = "lists/slurs.txt"           # words and phrases of your own beside it
//! # max_listed = 2                     # a text may hold two of them
//! ```
//!
//! - `toxic`: insults and hatred. `sexual`: pornography and its adverts. `violent`: threats, incitement, gore. `gambling`: casinos, betting, lotteries.
//! - Default bounds are those that about one in a thousand harmless texts passes (short messages, reviews, newspapers, manuals, web pages): they let
//!   most harm of other kinds than it has seen through, and drop little else. Lower them where texts are long and well edited; `filters/models/MODEL.md` says how much on which texts, and what the
//!   model learnt from. It knows pornography best, and is weak on threats and on abuse without coarse words. Very short texts are judged worst.
//! - Texts in other languages score low, whatever they say: bring a list, or a model of your own for the stage `classify`.
//! - Medicine, law, history, dialects and sex education were among the harmless texts it learnt from; the errors that remain fall on such texts
//!   and on the speech of some groups more than on others. Look at what was dropped.
//!
//! A list is plain text or gzip, one entry a line; case makes no difference, and an entry is not found inside a word but in scripts without spaces.
//! Reasons: the category, the first whose bound the text passes, or `listed`.

use super::categories::{self, Wanted};
use super::prelude::*;

/// How much of what may be in a text.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Safety {
    /// Greatest score of insults and hatred in a text that stays. Default 0.7.
    toxic: Share,
    /// Greatest score of pornography. Default 0.7.
    sexual: Share,
    /// Greatest score of threats and cruelty. Default 0.5.
    violent: Share,
    /// Greatest score of gambling. Default 0.25.
    gambling: Share,
    /// Files of words that a text may hold `max_listed` of.
    list: OneOrMany,
    /// Most entries of the list that a text may hold. Default 0.
    max_listed: usize,
}

impl Default for Safety {
    fn default() -> Safety {
        let [toxic, sexual, violent, gambling] = [0.7, 0.7, 0.5, 0.25].map(Share::new);
        Safety { toxic, sexual, violent, gambling, list: OneOrMany::default(), max_listed: 0 }
    }
}

const NAMES: [&str; 4] = ["toxic", "sexual", "violent", "gambling"];

impl Recipe for Safety {
    const NAME: &'static str = "safety";

    fn spec(&self) -> Spec {
        categories::spec(Self::NAME, &NAMES)
    }

    fn build(self, shop: &mut Shop<'_>) -> Build {
        let most = [self.toxic, self.sexual, self.violent, self.gambling].map(Share::get);
        Wanted { names: NAMES, most, list: self.list, max_listed: self.max_listed }.build(Self::NAME, shop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{complaints, made, try_made};
    use super::*;

    fn reason(toml: &str, text: &str) -> Option<String> {
        made::<Safety>(toml).dropped(&mut Doc::from_text(text)).map(|(reason, _)| reason)
    }

    #[test]
    fn each_category_is_found_in_both_languages() {
        for (wanted, text) in [
            ("toxic", "You are a stupid, worthless idiot and everybody hates you, shut your filthy mouth, you pathetic loser."),
            ("toxic", "你这个蠢货，脑残的废物，给我滚，看见你就恶心，全家都是垃圾。"),
            ("sexual", "Free porn videos: horny naked girls on webcam, hardcore xxx sex clips, big tits, blowjob and anal."),
            ("sexual", "免费成人视频，美女裸聊，激情做爱，无码高清，淫水直流，口交内射。"),
            ("violent", "I am going to kill you, smash your skull and cut your throat until you bleed to death, you are dead."),
            ("violent", "我要杀了你，把你的手砍下来，捅死你全家，鲜血喷了一墙。"),
            ("gambling", "Online casino bonus: 100 free spins, play slot machines, blackjack and roulette, bet now and win the jackpot."),
            ("gambling", "澳门娱乐城在线投注，百家乐、老虎机、时时彩，注册送彩金，提款秒到。"),
        ] {
            // A threat is an insult as well: the first category names the reason, so the others' bounds are lifted.
            let others: Vec<String> = NAMES.iter().filter(|name| **name != wanted).map(|name| format!("{name} = 1")).collect();
            assert_eq!(reason(&others.join("\n"), text).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_speaks_of_harm_is_none() {
        for text in [
            "",
            "12 : 30",
            "The patient had pain in the penis and the rectum; the doctor examined both and prescribed an antibiotic for a week.",
            "The court sentenced him to twelve years for the murder of his wife; the jury had heard that he stabbed her twice in the neck.",
            "During the war the city was bombed for three weeks, and thousands of people were killed or wounded.",
            "He ain't got no time for that, y'all know he been working since six in the morning.",
            "The law on lotteries of 1863 allowed one casino in the town, and roulette paid for its opera house.",
            "患者三天前出现阴道出血，超声检查后确诊为子宫肌瘤，医生建议手术治疗。",
            "法院认为，被告人持刀捅伤被害人，其行为已构成故意伤害罪，判处有期徒刑三年。",
            "侬今朝夜饭吃过伐？阿拉一道去外滩白相相。",
            "警方破获一起网络赌博案，抓获犯罪嫌疑人十二名，提醒市民不要参与赌博。",
            "Der Fluss entspringt in den Hügeln und fließt nach Norden.",
        ] {
            assert_eq!(reason("", text), None, "{text}");
        }
    }

    #[test]
    fn scores_are_tags_and_bounds_can_be_moved() {
        let mut made = made::<Safety>("toxic = 1\nsexual = 1\nviolent = 1\ngambling = 1");
        let mut doc = Doc::from_text("Horny naked girls in free hardcore porn videos, xxx sex clips.");
        assert!(made.dropped(&mut doc).is_none());
        let sexual = doc.tag(made.tags.declare::<f64>("safety.sexual").unwrap()).unwrap();
        let gambling = doc.tag(made.tags.declare::<f64>("safety.gambling").unwrap()).unwrap();
        assert!(sexual > 0.9 && gambling < 0.2, "{sexual} {gambling}");
        let (found, drop) = self::made::<Safety>("sexual = 0.3").dropped(&mut doc).unwrap();
        assert_eq!((found.as_str(), drop.value, drop.threshold), ("sexual", Some(sexual), Some(0.3)));
        assert_eq!(made.findings(&mut doc).iter().map(|finding| finding.rule.as_str()).collect::<Vec<_>>(), NAMES);
        assert!(try_made::<Safety>("toxic = 1.5").is_err() && try_made::<Safety>("toxi = 0.5").is_err());
    }

    #[test]
    fn much_clean_text_outweighs_a_sentence() {
        let clean = "The river rises in the hills and runs north past the old mill, where the road to the village crosses it. ".repeat(60);
        let abuse = "You are a stupid, worthless idiot and everybody hates you.";
        assert_eq!(reason("", abuse).as_deref(), Some("toxic"));
        assert_eq!(reason("", &format!("{clean}{abuse} {clean}")), None);
    }

    #[test]
    fn a_list_stands_beside_the_scores() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# mine\nZork\n坏话\n").unwrap();
        let list = format!("list = {:?}\n", file.path().display().to_string());
        assert_eq!(reason(&list, "a zork here").as_deref(), Some("listed"));
        assert_eq!(reason(&list, "他说坏话了").as_deref(), Some("listed"));
        assert_eq!(reason(&list, "zorks"), None);
        assert_eq!(reason(&format!("{list}max_listed = 2"), "zork, zork"), None);
        let (_, drop) = made::<Safety>(&format!("{list}max_listed = 2")).dropped(&mut Doc::from_text("zork Zork ZORK")).unwrap();
        assert_eq!((drop.value, drop.threshold, drop.detail.as_deref()), (Some(3.0), Some(2.0), Some("zork")));
        assert_eq!(complaints::<Safety>("list = 'no/such'"), ["list"]);
    }
}
