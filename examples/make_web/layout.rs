//! A page in the dress of its host: every host draws a frame, a menu, side columns and a footer of its own.

use crate::{
    body,
    dice::Dice,
    phrases::{self, Phrases},
    prose::{Kind, Page},
};

/// What a host's pages have in common. Each number picks one of the variants below or in `body`.
pub struct Skin {
    pub frame: usize,
    pub marks: usize,
    menu: usize,
    side: usize,
    share: usize,
    footer: usize,
    comments: usize,
    head: usize,
    name: String,
    labels: Vec<&'static str>,
    pub phrases: &'static Phrases,
}

/// Frames by weight: 0 semantic tags, 1 plain divs, 2 div soup, 3 tables of the nineties, 4 a mixture.
const FRAMES: [usize; 9] = [0, 0, 1, 1, 2, 2, 3, 4, 4];

impl Skin {
    pub fn of(host: &str, lang: &str) -> Self {
        let mut dice = Dice::new(&format!("skin {host}"));
        let phrases = phrases::of(lang);
        let mut labels: Vec<&str> = phrases.menu.to_vec();
        let keep = dice.between(4, labels.len() - 1);
        while labels.len() > keep {
            labels.remove(dice.below(labels.len()));
        }
        let first = host.split('.').next().unwrap_or(host);
        let name = first.split('-').map(capital).collect::<Vec<_>>().join(" ");
        Skin {
            frame: *dice.pick(&FRAMES),
            marks: dice.below(3),
            menu: dice.below(4),
            side: dice.below(4),
            share: dice.below(4),
            footer: dice.below(4),
            comments: dice.below(3),
            head: dice.below(4),
            name,
            labels,
            phrases,
        }
    }
}

/// What varies from page to page besides the text.
pub struct Setting<'a> {
    /// Titles and paths of other pages of the host, for menus and side columns.
    pub neighbours: &'a [(String, String)],
    /// The charset named in the head, if any.
    pub meta: Option<&'a str>,
    /// Names the small differences between two prints of one page.
    pub print: &'a str,
}

/// The whole HTML of a page.
pub fn render(page: &Page, setting: &Setting) -> String {
    let skin = Skin::of(&page.host, &page.lang);
    let mut dice = Dice::new(&format!("page {}", setting.print));
    let (menu, side, foot) = (menu(&skin), side(&skin, setting, &mut dice), footer(&skin, &mut dice));
    // Keyed by the page and not by the print, so that two prints of one page have one text.
    let main = main_part(page, &skin, &mut Dice::new(&format!("main {} {}", page.host, page.path)));
    let brand = escape(&skin.name);
    let body = match skin.frame {
        0 => format!(
            "<body>\n<header><a class=\"logo\" href=\"/\">{brand}</a>\n<nav>{menu}</nav></header>\n<main>\n<article>\n{main}</article>\n</main>\n<aside>{side}</aside>\n<footer>{foot}</footer>\n</body>"
        ),
        1 => format!(
            "<body class=\"single\">\n<div id=\"page\">\n<div id=\"masthead\"><div class=\"site-title\">{brand}</div></div>\n<div id=\"nav\" class=\"menu\">{menu}</div>\n<div id=\"sidebar\">{side}</div>\n<div id=\"content\" class=\"post\">\n{main}</div>\n<div id=\"footer\">{foot}</div>\n</div>\n</body>"
        ),
        2 => format!(
            "<body>\n<div class=\"w1\"><div class=\"w2\"><div class=\"c-7\">{brand}</div><div class=\"c-9\">{menu}</div></div>\n<div class=\"w3\"><div class=\"c-12\"><div class=\"c-13\">\n{main}</div></div><div class=\"c-21\">{side}</div></div>\n<div class=\"w4\">{foot}</div></div>\n</body>"
        ),
        3 => format!(
            "<body bgcolor=\"#fffff4\">\n<table width=\"100%\" cellpadding=\"4\" border=\"0\">\n<tr><td colspan=\"2\"><font size=\"5\">{brand}</font><br>{menu}</td></tr>\n<tr><td width=\"160\" valign=\"top\">{side}</td><td valign=\"top\">\n{main}</td></tr>\n<tr><td colspan=\"2\" align=\"center\"><small>{foot}</small></td></tr>\n</table>\n</body>"
        ),
        _ => format!(
            "<body>\n<div class=\"topbar\"><nav role=\"navigation\">{menu}</nav></div>\n<div class=\"banner\"><strong>{brand}</strong></div>\n<main id=\"main\">\n<div class=\"entry-content\">\n{main}</div>\n<section class=\"widgets\">{side}</section>\n</main>\n<footer class=\"site-footer\">{foot}</footer>\n</body>"
        ),
    };
    let direction = if page.lang == "ar" { " dir=\"rtl\"" } else { "" };
    format!("<!DOCTYPE html>\n<html lang=\"{}\"{direction}>\n{}\n{body}\n</html>\n", page.lang, head(page, &skin, setting.meta))
}

fn head(page: &Page, skin: &Skin, meta: Option<&str>) -> String {
    let charset = match (meta, skin.head % 2) {
        (None, _) => String::new(),
        (Some(label), 0) => format!("<meta charset=\"{label}\">\n"),
        (Some(label), _) => format!("<meta http-equiv=\"Content-Type\" content=\"text/html; charset={label}\">\n"),
    };
    let title = escape(&page.title);
    let name = escape(&skin.name);
    let title = match skin.head {
        0 => title,
        1 => format!("{title} | {name}"),
        2 => format!("{name}: {title}"),
        _ => format!("{title} - {name}"),
    };
    let extra = match skin.head {
        0 => "<link rel=\"stylesheet\" href=\"/s.css\">",
        1 => "<style>body { margin: 2em auto; max-width: 46em }</style>",
        2 => "<script>var seen = window.seen || []; seen.push(Date.now());</script>",
        _ => "<meta name=\"viewport\" content=\"width=device-width\">\n<script src=\"/m.js\" async></script>",
    };
    format!("<head>\n{charset}<title>{title}</title>\n{extra}\n</head>")
}

fn menu(skin: &Skin) -> String {
    let links = skin.labels.iter().enumerate().map(|(at, label)| format!("<a href=\"/m{at}\">{label}</a>"));
    match skin.menu {
        0 => format!("<ul>{}</ul>", links.map(|link| format!("<li>{link}</li>")).collect::<String>()),
        1 => links.collect::<Vec<_>>().join(" | "),
        2 => links.map(|link| format!("<span>{link}</span> ")).collect(),
        _ => {
            let search = skin.phrases.search;
            let form = format!("<form action=\"/q\"><input name=\"q\" placeholder=\"{search}\"><button>{search}</button></form>");
            links.map(|link| format!("<div class=\"item\">{link}</div>")).chain([form]).collect()
        }
    }
}

fn side(skin: &Skin, setting: &Setting, dice: &mut Dice) -> String {
    let list = || {
        let rows = setting.neighbours.iter().map(|(title, path)| format!("<li><a href=\"{path}\">{}</a></li>", escape(title)));
        format!("<h3>{}</h3><ul>{}</ul>", skin.phrases.recent[0], rows.collect::<String>())
    };
    let tags = |dice: &mut Dice| {
        let words = (0..6).map(|_| format!("<a class=\"tag\" href=\"/t{}\">{}</a> ", dice.below(90), dice.pick(skin.phrases.tags)));
        format!("<div class=\"tags\">{}</div>", words.collect::<String>())
    };
    match skin.side {
        0 => String::new(),
        1 => list(),
        2 => format!("<p class=\"about\">{}</p>{}", dice.pick(skin.phrases.about), tags(dice)),
        _ => format!("{}{}<div class=\"hits\">{}</div>", tags(dice), list(), dice.between(1_000, 90_000)),
    }
}

fn footer(skin: &Skin, dice: &mut Dice) -> String {
    let labels = skin.phrases.footer;
    let links = labels.iter().enumerate().map(|(at, label)| format!("<a href=\"/f{at}\">{label}</a>"));
    match skin.footer {
        0 => format!("&copy; {} · {}", escape(&skin.name), labels[0]),
        1 => links.collect::<Vec<_>>().join(" · "),
        2 => format!("<p>&copy; {}</p><ul>{}</ul>", escape(&skin.name), links.map(|link| format!("<li>{link}</li>")).collect::<String>()),
        _ => format!("{} <span class=\"n\">{}</span>", links.take(3).collect::<Vec<_>>().join(" "), dice.between(10, 999)),
    }
}

fn share(skin: &Skin) -> String {
    let links = skin.phrases.share.iter().map(|label| format!("<a href=\"#share\">{label}</a>"));
    match skin.share {
        0 => String::new(),
        1 => format!("<div class=\"share-bar\">{}</div>\n", links.collect::<String>()),
        2 => format!("<ul class=\"social\">{}</ul>\n", links.map(|link| format!("<li>{link}</li>")).collect::<String>()),
        _ => format!("<p class=\"share\">{}</p>\n", links.take(3).collect::<Vec<_>>().join(" ")),
    }
}

/// Title, text and what hangs on the text: share bar, comment box, buttons.
fn main_part(page: &Page, skin: &Skin, dice: &mut Dice) -> String {
    let title = match skin.frame {
        2 => format!("<div class=\"c-14\"><h2>{}</h2></div>\n", escape(&page.title)),
        3 => format!("<h1><font color=\"#225\">{}</font></h1>\n", escape(&page.title)),
        _ => format!("<h1 class=\"title\">{}</h1>\n", escape(&page.title)),
    };
    let phrases = skin.phrases;
    let byline = if skin.marks == 1 { format!("<div class=\"byline\">{}</div>\n", dice.pick(phrases.posted)) } else { String::new() };
    let text = body::render(page, skin, dice);
    let send = dice.pick(phrases.send);
    let tail = match page.kind {
        Kind::Article if skin.comments == 0 => String::new(),
        Kind::Article => format!(
            "<div id=\"comments\"><h4>{}</h4><form method=\"post\" action=\"/c\"><textarea name=\"t\"></textarea><button>{send}</button></form></div>\n",
            dice.pick(phrases.comment)
        ),
        Kind::Forum => format!("<form class=\"quick-reply\" action=\"/r\"><input name=\"r\"><button>{send}</button></form>\n"),
        Kind::Product => {
            format!("<div class=\"buy\"><span class=\"price\">{}</span> <button>{}</button></div>\n", dice.pick(phrases.price), dice.pick(phrases.basket))
        }
        Kind::Docs => {
            let links = phrases.turn.iter().map(|label| format!("<a href=\"#\">{label}</a>")).collect::<Vec<_>>().join(" ");
            format!("<div class=\"pager\">{links}</div>\n")
        }
    };
    format!("{title}{byline}{text}{}{tail}", share(skin))
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
